"""Blocks of the criteria set editor."""

from criteria_pages.blocks.tree import (
    CriteriaBody,
    CriterionBlock,
    DomainBlock,
    ScoredCriterionBlock,
    SubCriterionBlock,
)

__all__ = ["CriteriaBody", "CriterionBlock", "DomainBlock", "ScoredCriterionBlock", "SubCriterionBlock"]
