"""Groups of the admin, one per role, with permissions as code.

What a person may do to a unit, a round or a submission derives from memberships (cms.permissions). Groups only say
which parts of the admin the role sees. Rooms add theirs with `grant` in `wagtail_hooks.py` or `apps.ready`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page

from cms import clock
from cms.enums import Role
from cms.models import Membership, User

_granted: dict[str, set[str]] = defaultdict(set)
PAGE_PERMISSIONS: dict[str, tuple[str, ...]] = {
    Role.EDITOR: ("add", "change", "publish", "lock"),
    Role.SECRETARIAT: ("add", "change", "publish", "lock", "unlock"),
    Role.APPROVER: ("change", "publish"),
    Role.ADMINISTRATOR: ("add", "change", "publish", "lock", "unlock", "bulk_delete"),
}
COLLECTION_PERMISSIONS: dict[str, tuple[str, ...]] = {
    Role.EDITOR: ("add_image", "choose_image", "add_document", "choose_document"),
    Role.SECRETARIAT: ("add_image", "choose_image", "add_document", "choose_document"),
    Role.ADMINISTRATOR: (
        "add_image",
        "change_image",
        "choose_image",
        "add_document",
        "change_document",
        "choose_document",
    ),
}
ADMIN_ROLES = (Role.EDITOR, Role.SECRETARIAT, Role.APPROVER, Role.AUDITOR, Role.ADMINISTRATOR)


def grant(roles: Iterable[str], *permissions: str) -> None:
    """Let the groups of the roles have permissions, written "app.codename" ("cms.change_unit")."""
    for role in roles:
        _granted[Role(role)].update(permissions)


def granted(role: str) -> frozenset[str]:
    """Return the permissions granted to the role's group, pages and collections apart."""
    return frozenset(_granted[Role(role)])


def group_name(role: str) -> str:
    """Return the name of the role's group; the role's code, because names are data that never changes."""
    return str(Role(role).value)


@transaction.atomic
def sync_groups() -> int:
    """Write the groups and exactly the permissions of the code; return their number. Other groups stay untouched.

    Raises `LookupError` where the code grants a permission that does not exist.
    """
    known = {f"{p.content_type.app_label}.{p.codename}": p for p in Permission.objects.select_related("content_type")}
    root = Page.objects.filter(depth=1).first()
    shelf = Collection.get_first_root_node()
    for role in Role.values:
        group, _created = Group.objects.get_or_create(name=group_name(role))
        unknown = _granted[role] - known.keys()
        if unknown:
            raise LookupError(f"Unknown permissions granted to {role}: {', '.join(sorted(unknown))}")
        group.permissions.set([known[name] for name in _granted[role]])
        _sync_page_permissions(group, root, PAGE_PERMISSIONS.get(role, ()))
        _sync_collection_permissions(group, shelf, COLLECTION_PERMISSIONS.get(role, ()))
    return len(Role.values)


def sync_members(user: User) -> None:
    """Put the user into exactly the groups of the roles held today; groups that are no role's stay."""
    held = set(Membership.objects.filter(user=user).in_force(clock.today()).values_list("role", flat=True))
    names = {group_name(role) for role in held}
    current = set(user.groups.filter(name__in=Role.values).values_list("name", flat=True))
    if names == current:
        return
    user.groups.remove(*Group.objects.filter(name__in=current - names))
    user.groups.add(*(Group.objects.get_or_create(name=name)[0] for name in names - current))


def sync_all_members() -> int:
    """Do so for everybody with a membership or a role's group; return their number."""
    people = User.objects.filter(Q(memberships__isnull=False) | Q(groups__name__in=Role.values)).distinct()
    count = 0
    for user in people.iterator(500):
        sync_members(user)
        count += 1
    return count


def _sync_page_permissions(group: Group, root: Page | None, wanted: tuple[str, ...]) -> None:
    if root is None:
        return
    codenames = [f"{action}_page" for action in wanted]
    GroupPagePermission.objects.filter(group=group, page=root).exclude(permission__codename__in=codenames).delete()
    for permission in Permission.objects.filter(content_type__app_label="wagtailcore", codename__in=codenames):
        GroupPagePermission.objects.get_or_create(group=group, page=root, permission=permission)


def _sync_collection_permissions(group: Group, shelf: Collection | None, wanted: tuple[str, ...]) -> None:
    if shelf is None:
        return
    GroupCollectionPermission.objects.filter(group=group, collection=shelf).exclude(
        permission__codename__in=wanted
    ).delete()
    media = Permission.objects.filter(content_type__app_label__in=["wagtailimages", "wagtaildocs"])
    for permission in media.filter(codename__in=wanted):
        GroupCollectionPermission.objects.get_or_create(group=group, collection=shelf, permission=permission)


grant(ADMIN_ROLES, "wagtailadmin.access_admin")
_VOCABULARIES = ("unittier", "unitgroup", "unitattribute", "membership")
_REGISTERS = (*_VOCABULARIES, "unit", "unitsuccession")
_READ_ONLY = ("storedfile", "jobrun")
grant(
    [Role.ADMINISTRATOR],
    *(f"cms.{verb}_{model}" for model in _VOCABULARIES for verb in ("view", "add", "change", "delete")),
    *(f"cms.{verb}_unit" for verb in ("view", "add", "change")),
    "cms.view_unitsuccession",
    *(f"cms.view_{model}" for model in _READ_ONLY),
    *("cms.view_user", "cms.add_user", "cms.change_user"),
    *("wagtailredirects.add_redirect", "wagtailredirects.change_redirect", "wagtailredirects.delete_redirect"),
    *(f"wagtailcore.{verb}_apitoken" for verb in ("view", "add", "change", "delete")),
)
# Whoever may write drafts may let a program read them; administrators make and revoke the tokens.
grant(PAGE_PERMISSIONS, "cms.read_drafts")
grant(
    [Role.SECRETARIAT],
    *(f"cms.{verb}_{model}" for model in ("unitgroup", "unitattribute", "unit") for verb in ("view", "add", "change")),
    *(f"cms.view_{model}" for model in ("unittier", "unitsuccession", "membership", *_READ_ONLY)),
)
grant([Role.AUDITOR], *(f"cms.view_{model}" for model in (*_REGISTERS, *_READ_ONLY, "user")))
