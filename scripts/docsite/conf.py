# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of Sphinx. Nothing is asked of the network, neither now nor by the pages: no fonts, no scripts."""

from __future__ import annotations

import typing as t

from docutils import nodes

if t.TYPE_CHECKING:
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

project = html_title = "tcpip.lab"
copyright = "Contributors to the tcpip.lab collection"  # noqa: A001 - Sphinx calls it so
extensions = ["myst_parser", "sphinx_antsibull_ext"]
html_theme = "furo"
html_static_path = ["wide.css"]
html_css_files = ["wide.css"]
# So deep are headings that links can point to.
myst_heading_anchors = 3
highlight_language = "text"

_ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
_SETTINGS = "reference_appendices/config.html"
#: What the reference points to in Ansible's own documentation.
_ELSEWHERE = {
    "ANSIBLE_DISPLAY_SKIPPED_HOSTS": f"{_SETTINGS}#envvar-ANSIBLE_DISPLAY_SKIPPED_HOSTS",
    "ANSIBLE_PIPELINING": f"{_SETTINGS}#envvar-ANSIBLE_PIPELINING",
    "ANSIBLE_SHOW_CUSTOM_STATS": f"{_SETTINGS}#envvar-ANSIBLE_SHOW_CUSTOM_STATS",
    "action_plugins": "plugins/action.html",
    "ansible_collections.ansible.builtin.default_callback": "collections/ansible/builtin/default_callback.html",
    "ansible_collections.ansible.builtin.fetch_module": "collections/ansible/builtin/fetch_module.html",
    "ansible_collections.ansible.builtin.iptables_module": "collections/ansible/builtin/iptables_module.html",
    "ansible_configuration_settings": _SETTINGS,
    "callback_plugins": "plugins/callback.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


def _elsewhere(_app: Sphinx, _env: t.Any, node: pending_xref, shown: nodes.Element) -> nodes.reference | None:
    """The link to Ansible's documentation, which intersphinx would have to fetch first."""
    page = _ELSEWHERE.get(node["reftarget"])
    return nodes.reference("", "", shown, internal=False, refuri=_ANSIBLE + page) if page else None


def _link_drawings(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Have each drawing be a link to itself in full size."""
    env: BuildEnvironment = app.env
    for image in list(doctree.findall(nodes.image)):
        _documents, name = env.images[image["uri"]]
        to = f"{'../' * page.count('/')}_images/{name}"
        image.replace_self(nodes.reference("", "", image.deepcopy(), refuri=to))


def setup(app: Sphinx) -> None:
    """What Sphinx calls."""
    app.connect("missing-reference", _elsewhere)
    app.connect("doctree-resolved", _link_drawings)
