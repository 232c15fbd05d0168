"""Debian's Tomcat 10 on a free port of 127.0.0.1, with a JSP in XPLG's place."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.listener.protocols import XPLG_PATH

HOME = Path("/usr/share/tomcat10")
_CLASSES = [HOME / "bin" / name for name in ("bootstrap.jar", "tomcat-juli.jar")]
_START_SECONDS = 60
_PORT = re.compile(r'Starting ProtocolHandler \["http-nio-127\.0\.0\.1-auto-\d+-(\d+)"\]')
_SERVER = """<Server port="-1"><Service name="Catalina">
  <Connector address="127.0.0.1" port="0" />
  <Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps" /></Engine>
</Service></Server>
"""
_CONTEXT = """<Context><JarScanner scanClassPath="false" scanBootstrapClassPath="false" /></Context>
"""
_WEB = """<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0" metadata-complete="true">
  <servlet>
    <servlet-name>jsp</servlet-name><servlet-class>org.apache.jasper.servlet.JspServlet</servlet-class>
  </servlet>
  <servlet-mapping><servlet-name>jsp</servlet-name><url-pattern>*.jsp</url-pattern></servlet-mapping>
</web-app>
"""
# What `getReader()` gives is stored in a file of its own for each request, in UTF-8.
_JSP = """<%@ page contentType="text/plain; charset=utf-8" %>
<%@ page import="java.nio.file.*, java.util.concurrent.atomic.*" %><%!
private final AtomicInteger number = new AtomicInteger();
%><%
StringBuilder text = new StringBuilder();
for (int c; (c = request.getReader().read()) >= 0;) text.append((char) c);
String name = String.format("%06d", number.getAndIncrement());
Files.writeString(Path.of(System.getProperty("stored"), name), text);
%>OK
"""


@dataclass(frozen=True, slots=True)
class Tomcat:
    """A running server: XPLG's URL on it, and the folder of what it stored."""

    url: str
    folder: Path

    def stored(self) -> list[str]:
        """The text of each request, in their order; forgets them."""
        files = sorted(self.folder.iterdir())
        texts = [file.read_bytes().decode() for file in files]
        for file in files:
            file.unlink()
        return texts


@contextmanager
def running_tomcat(base: Path) -> Iterator[Tomcat]:
    """A Tomcat whose files are in an empty folder, until the end of the block; skips the test without one."""
    java = shutil.which("java")
    if java is None or not all(path.exists() for path in _CLASSES):
        pytest.skip("Tomcat 10 is not installed: apt-get install tomcat10")
    for name in ("conf", "webapps/logeye/api", "logs", "temp", "work", "stored"):
        (base / name).mkdir(parents=True)
    (base / "conf/server.xml").write_text(_SERVER)
    (base / "conf/context.xml").write_text(_CONTEXT)
    (base / "conf/web.xml").write_text(_WEB)
    (base / f"webapps{XPLG_PATH}").write_text(_JSP)
    properties = {"catalina.home": HOME, "catalina.base": base, "stored": base / "stored"}
    properties["java.io.tmpdir"] = base / "temp"
    given = [f"-D{name}={value}" for name, value in properties.items()]
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"]
    classes = ":".join(map(str, _CLASSES))
    log = base / "logs/output.txt"
    command = [java, *quick, *given, "-cp", classes, "org.apache.catalina.startup.Bootstrap", "start"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=base, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603  # Debian's
    try:
        yield Tomcat(f"http://127.0.0.1:{_port(process, log)}{XPLG_PATH}", base / "stored")
    finally:
        process.terminate()
        process.wait(timeout=_START_SECONDS)


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    deadline = time.monotonic() + _START_SECONDS
    while (found := _PORT.search(log.read_text(errors="replace"))) is None:
        assert process.poll() is None, log.read_text(errors="replace")
        assert time.monotonic() < deadline, f"Tomcat did not start within {_START_SECONDS} s"
        time.sleep(0.05)
    return int(found[1])
