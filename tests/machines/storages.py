"""The storages that publishers work on, made anew in each process from one line of text."""

from pathlib import Path

from trustlib import FileStorage


def made(kind, directory):
    """The storage of this *kind*: ``file``, or ``s3 <endpoint> <bucket> [<prefix>]``."""
    match kind.split():
        case ["file"]:
            return FileStorage.public(Path(directory) / "site")
        case ["s3", endpoint, bucket, *prefix]:
            from storage.buckets import bucket_storage

            return bucket_storage(endpoint, bucket, *prefix)
        case _:
            raise ValueError(kind)


class Noting:
    """A storage that keeps a note of what was written to it, in the order it was."""

    def __init__(self, storage, notes):
        self.storage, self.notes = storage, notes

    def write(self, path, data, *, replacing):
        revision = self.storage.write(path, data, replacing=replacing)
        if revision is not None:
            self.notes.append((path, data))
        return revision

    def read(self, path):
        return self.storage.read(path)

    def list(self):
        return self.storage.list()

    def delete(self, path):
        self.storage.delete(path)


class Killing(Noting):
    """A storage on which its user is killed, before so many writes or right after the last."""

    def __init__(self, storage, writes, kill):
        super().__init__(storage, [])
        self.left, self.kill = writes, kill

    def write(self, path, data, *, replacing):
        if self.left == 0:
            self.kill()
        self.left -= 1
        return super().write(path, data, replacing=replacing)

    def delete(self, path):
        if self.left == 0:
            self.kill()
        super().delete(path)
