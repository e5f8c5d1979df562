"""Domains, criteria and leaves as a release's edition names them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import get_language

from publishing.models import IndexRelease


@dataclass(frozen=True, slots=True)
class NodeName:
    """A domain, criterion or leaf as the release's edition names it."""

    code: str
    name: str
    name_en: str
    level: int
    maximum: Decimal
    parent: str = ""

    @property
    def display_name(self) -> str:
        """The name in the language of the interface."""
        return self.name_en if self.name_en and get_language() == "en" else self.name


def nodes_of(release: IndexRelease) -> dict[str, NodeName]:
    """Return all nodes of the release's edition by code, in order; none for historic results."""
    nodes: dict[str, NodeName] = {}
    if release.edition is None:
        return nodes
    for domain in release.edition.definition.domains:
        nodes[domain.code] = NodeName(domain.code, domain.name, domain.name_en, 1, domain.maximum)
        for criterion in domain.criteria:
            nodes[criterion.code] = NodeName(
                criterion.code, criterion.name, criterion.name_en, 2, criterion.maximum, domain.code
            )
            for leaf in criterion.leaves:
                if leaf.code != criterion.code:
                    nodes[leaf.code] = NodeName(
                        leaf.code, leaf.name, leaf.name_en, leaf.level, leaf.maximum, criterion.code
                    )
    return nodes


def domains_of(release: IndexRelease) -> list[NodeName]:
    """Return the domains of the release's edition in order."""
    return [node for node in nodes_of(release).values() if node.level == 1]
