"""Private files in object storage: never an address of their own."""

from typing import Any

from storages.backends.s3 import S3Storage


class PrivateS3Storage(S3Storage):
    """S3 without addresses: a file is read only through the portal's view, which checks the permission."""

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        """Refuse; a signed address would pass the permission check by."""
        raise ValueError("Private files have no address; use the view cms:file.")

    def refresh(self, name: str) -> bool:
        """Make an object young again by copying it onto itself, so that nobody sweeps it away; whether it is there."""
        if not self.exists(name):
            return False
        key = self._normalize_name(name)
        self.bucket.Object(key).copy_from(
            CopySource={"Bucket": self.bucket_name, "Key": key}, MetadataDirective="REPLACE"
        )
        return True
