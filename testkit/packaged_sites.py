"""Ten sites from packages, each made by a different generator, with the results that their owners expect."""

from __future__ import annotations

from collections.abc import Callable

from testkit.owned_site import Answering, OwnedSite
from testkit.packages import unpacked
from testkit.serving import folder


def _package(package: str, version: str, member: str) -> Callable[[], Answering]:
    return lambda: folder(unpacked(package, version, (member,)) / member)


PACKAGED = (
    OwnedSite(
        "Sphinx (alabaster)",
        _package("debian:python-requests-doc", "2.28.1+dfsg-1", "usr/share/doc/python-requests-doc/html"),
        "Requests",
        {
            "The User Guide": ("/user/install.html", "/user/quickstart.html", "/user/advanced.html"),
            "The Community Guide": ("/community/recommended.html", "/community/faq.html"),
            "The Contributor Guide": ("/dev/contributing.html", "/dev/authors.html"),
        },
    ),
    OwnedSite(
        "Sphinx (Pallets)",
        _package("debian:python-click-doc", "8.1.3-2", "usr/share/doc/python-click-doc/html"),
        "Click Documentation (8.1.x)",
        {
            "Overview": ("/why.html", "/quickstart.html", "/setuptools.html", "/parameters.html"),
            "Miscellaneous Pages": ("/contrib.html", "/upgrading.html"),
        },
    ),
    OwnedSite(
        "Sphinx (Furo)",
        _package("debian:python-attr-doc", "22.2.0-1", "usr/share/doc/python-attr-doc/html"),
        "attrs 22.2.0 documentation",
        {
            "Overview": (
                "/overview.html",
                "/why.html",
                "/examples.html",
                "/types.html",
                "/init.html",
                "/api.html",
            )
        },
    ),
    OwnedSite(
        "Sphinx (Read the Docs)",
        _package("debian:borgbackup-doc", "1.2.4-1", "usr/share/doc/borgbackup/html"),
        "Borg - Deduplicating Archiver 1.2.4 documentation",
        {
            "Usage": ("/usage/general.html", "/usage/init.html", "/usage/create.html"),
            "Deployment": ("/deployment/central-backup-server.html", "/deployment/hosting-repositories.html"),
            "Internals": ("/internals/security.html", "/internals/data-structures.html"),
        },
    ),
    OwnedSite(
        "MkDocs",
        _package("debian:mkdocs-doc", "1.4.2+dfsg-2", "usr/share/doc/mkdocs/html"),
        "MkDocs",
        {
            "User Guide": ("/user-guide/installation.html", "/user-guide/writing-your-docs.html"),
            "Developer Guide": (
                "/dev-guide/themes.html",
                "/dev-guide/translations.html",
                "/dev-guide/plugins.html",
            ),
        },
    ),
    OwnedSite(
        "mdBook",
        _package("debian:rust-doc", "1.63.0+dfsg1-2", "usr/share/doc/rust-doc/html/book"),
        "The Rust Programming Language",
        {
            "Getting Started": ("/ch01-01-installation.html", "/ch01-02-hello-world.html"),
            "Common Programming Concepts": (
                "/ch03-01-variables-and-mutability.html",
                "/ch03-02-data-types.html",
            ),
            "Understanding Ownership": ("/ch04-01-what-is-ownership.html",),
        },
    ),
    OwnedSite(
        "Javadoc",
        _package("debian:libcommons-io-java-doc", "2.11.0-2", "usr/share/doc/libcommons-io-java/api"),
        "Apache Commons IO 2.11.0 API",
        {"org.apache.commons.io.file": (), "org.apache.commons.io.filefilter": ()},
        "/index.html",
    ),
    OwnedSite(
        "AsciiDoc",
        _package("debian:git-doc", "1:2.39.5-0+deb12u3", "usr/share/doc/git-doc"),
        "git",
        {
            "Main porcelain commands": ("/git-add.html", "/git-am.html", "/git-archive.html"),
            "Ancillary Commands": ("/git-config.html",),
            "Manipulation commands": ("/git-apply.html",),
        },
        "/git.html",
    ),
    OwnedSite(
        "DocBook",
        _package("debian:postgresql-doc-15", "15.20-0+deb12u1", "usr/share/doc/postgresql-doc-15/html"),
        "PostgreSQL 15.20 Documentation",
        {"Server Administration": (), "Server Programming": (), "Internals": (), "Appendixes": ()},
    ),
    OwnedSite(
        "gtk-doc",
        _package("debian:libglib2.0-doc", "2.74.6-2+deb12u9", "usr/share/gtk-doc/html/gio"),
        "GIO Reference Manual",
        {
            "File Operations": ("/GFile.html", "/gio-GIOError.html"),
            "Asynchronous I/O": ("/GCancellable.html", "/GAsyncResult.html"),
            "Streaming I/O": ("/GInputStream.html",),
        },
    ),
)
