"""The further files that a scenario names: found beside it, and remembered with their hashes and with what was left out of them."""

import os
from dataclasses import dataclass, field

from ringfence.inputs.errors import printable, quoted
from ringfence.inputs.tables import Source
from ringfence.inputs.toml_file import Table


@dataclass(frozen=True, slots=True)
class Beside:
    """The folder of a scenario, what has been read from there, and the notices about it."""

    folder: str
    sources: list[Source] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def path(self, table: Table, key: str) -> str:
        """The path of the file that a key names; raises InputError where there is none."""
        name = table.text(key, 1_000)
        path = os.path.join(self.folder, name)
        if not os.path.isfile(path):
            table.refuse(key, f"{quoted(name)} is not a file", "give a path as seen from the folder of the scenario")
        return path

    def notice(self, path: str, said: str) -> None:
        """Remembers something about a file."""
        self.notices.append(f"{printable(path, 200)}: {said}")
