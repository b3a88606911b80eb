"""The web file in force, read again as soon as it or a file that it names has changed."""

from pathlib import Path

import structlog

from exporter.config import ConfigError
from exporter.view import View
from exporter.webfile import WebFile, WebSettings, complete, files, parse, prints, read

log = structlog.get_logger()


class Current:
    """What the web file at `path` says; without one nobody is asked for anything.

    Construction reads it and raises `ConfigError`. Later a file that cannot be used leaves the old one in force, with
    one line in the log, and so does one that would open what was closed: that takes a restart.
    """

    def __init__(self, path: Path | None, view: View) -> None:
        self._view = view
        self._path = path or Path()
        self._paths: tuple[Path, ...] = ()
        self._prints = prints(self._paths)
        self._file = WebFile(WebSettings(), None, ())
        if path:
            self._paths = files(path, parse(path))
            self._prints = prints(self._paths)
            self._file = read(path)
            for note in self._file.notes:
                log.warning("web file", note=note)

    def __call__(self) -> WebFile:
        """Return the file in force; it costs a look at the files' dates."""
        if self._paths and prints(self._paths) != self._prints:
            self._renew()
        return self._file

    def _renew(self) -> None:
        """Read everything again; what is written meanwhile changes the dates and is read the next time."""
        self._prints = prints(self._paths)
        try:
            settings = parse(self._path)
            self._paths = files(self._path, settings)
            self._prints = prints(self._paths)
            new = complete(self._path, settings)
            self._refuse_to_open(new)
        except ConfigError as error:
            self._view.web_file_in_force = False
            log.warning("web file not taken over, the old one stays in force", error=str(error))
            return
        self._file = new
        self._view.web_file_in_force = True
        log.info("web file read again", file=str(self._path))

    def _refuse_to_open(self, new: WebFile) -> None:
        old = self._file
        if (old.context is None) is not (new.context is None):
            raise ConfigError(f"{self._path}: tls_server_config: TLS is switched on or off by a restart only")
        if old.context and new.context and new.context.verify_mode < old.context.verify_mode:
            raise ConfigError(f"{self._path}: tls_server_config.client_auth_type: it is eased by a restart only")
        if old.settings.basic_auth_users and not new.settings.basic_auth_users:
            raise ConfigError(f"{self._path}: basic_auth_users: the last user is removed by a restart only")
