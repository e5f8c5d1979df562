"""Factories of the foundation: tiers, units, people and their roles, pages, stored files, jobs."""

from __future__ import annotations

import hashlib
from typing import Any

from django.core.files.base import ContentFile

from wagtail.models import Page, Site

import factory
import wagtail_factories
from factory.django import DjangoModelFactory

from cms.enums import FileKind, Role
from cms.models import (
    HomePage,
    JobRun,
    Membership,
    SectionPage,
    StoredFile,
    TextPage,
    Unit,
    UnitAttribute,
    UnitGroup,
    UnitTier,
    User,
)
from tests.factories.files import pdf_bytes

PASSWORD = "Mat-khau-thu-2026!"


class UnitTierFactory(DjangoModelFactory):
    class Meta:
        model = UnitTier
        django_get_or_create = ("code",)

    code = "province"
    name = factory.LazyAttribute(lambda tier: {"province": "Tỉnh", "ministry": "Bộ"}.get(tier.code, tier.code))


class UnitGroupFactory(DjangoModelFactory):
    class Meta:
        model = UnitGroup
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"group-{n}")
    name = factory.LazyAttribute(lambda group: f"Nhóm {group.code}")


class UnitAttributeFactory(DjangoModelFactory):
    class Meta:
        model = UnitAttribute
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"attribute-{n}")
    name = factory.LazyAttribute(lambda attribute: f"Thuộc tính {attribute.code}")


class UnitFactory(DjangoModelFactory):
    """A valid unit. `UnitFactory(groups=[group], attributes=[attribute])` sets the many-to-many parts."""

    class Meta:
        model = Unit
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"don-vi-{n}")
    name = factory.Sequence(lambda n: f"Đơn vị {n}")
    tier = factory.SubFactory(UnitTierFactory)
    order = factory.Sequence(lambda n: n)

    @factory.post_generation
    def groups(self, create: bool, given: Any, **kwargs: Any) -> None:
        if create and given:
            self.groups.set(given)

    @factory.post_generation
    def attributes(self, create: bool, given: Any, **kwargs: Any) -> None:
        if create and given:
            self.attributes.set(given)


class UserFactory(DjangoModelFactory):
    """An account with the password `PASSWORD` and no role."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"nguoi-dung-{n}")
    first_name = factory.Sequence(lambda n: f"{n}")
    last_name = "Người dùng"
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.vn")

    @factory.post_generation
    def password(self, create: bool, given: str | None, **kwargs: Any) -> None:
        self.set_password(given or PASSWORD)
        if create:
            self.save(update_fields=["password"])


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    unit = factory.SubFactory(UnitFactory)
    role = Role.CONTRIBUTOR


def user_with_role(role: Role, unit: Unit | None = None, **fields: Any) -> User:
    """Return a new account that holds the role for the unit (a new one where none is given)."""
    user = UserFactory(**fields)
    MembershipFactory(user=user, role=role, unit=unit or UnitFactory())
    return user


def root_page() -> Page:
    """Return the root of the page tree, which the migrations made."""
    return Page.objects.get(depth=1)


def home_page() -> HomePage:
    """Return the home page, made and set as the site's root where there is none."""
    existing = HomePage.objects.first()
    if existing is not None:
        return existing
    home = HomePage(title="Cổng Chỉ số cải cách hành chính", slug="trang-chu")
    root_page().add_child(instance=home)
    site = Site.objects.filter(is_default_site=True).first()
    if site is None:
        Site.objects.create(hostname="localhost", root_page=home, is_default_site=True, site_name="Cổng")
    else:
        site.root_page = home
        site.save()
    return home


class BasePageFactory(wagtail_factories.PageFactory):
    """Base of the factories of pages: under the home page, live, a slug made from the title."""

    class Meta:
        abstract = True

    parent = factory.LazyFunction(home_page)
    slug = ""


class SectionPageFactory(BasePageFactory):
    class Meta:
        model = SectionPage

    title = factory.Sequence(lambda n: f"Chuyên mục {n}")


class TextPageFactory(BasePageFactory):
    class Meta:
        model = TextPage

    title = factory.Sequence(lambda n: f"Trang {n}")
    body = "<p>Nội dung</p>"


class StoredFileFactory(DjangoModelFactory):
    """A stored PDF; `content=b"…"` sets other bytes."""

    class Meta:
        model = StoredFile

    class Params:
        content = factory.Sequence(lambda n: pdf_bytes(text=f"Minh chung {n}."))

    kind = FileKind.EVIDENCE
    original_name = factory.Sequence(lambda n: f"minh-chung-{n}.pdf")
    content_type = "application/pdf"
    sha256 = factory.LazyAttribute(lambda stored: hashlib.sha256(stored.content).hexdigest())
    size = factory.LazyAttribute(lambda stored: len(stored.content))
    file = factory.LazyAttribute(lambda stored: ContentFile(stored.content, name=f"{stored.sha256}.pdf"))
    owner_unit = factory.SubFactory(UnitFactory)
    uploaded_by = factory.SubFactory(UserFactory)


class JobRunFactory(DjangoModelFactory):
    class Meta:
        model = JobRun

    task = "tests.nothing"
    title = "Việc thử"
    key = factory.Sequence(lambda n: f"viec-{n}")
    created_by = factory.SubFactory(UserFactory)
