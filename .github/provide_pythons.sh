#!/bin/sh
# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# In a container of Debian, provides the Pythons of tests/matrix.txt and tests/controllers.txt as python3.9 and so on.
set -eu
cd "$(dirname "$0")/.."
export UV_PYTHON_INSTALL_DIR=/opt/pythons
apt-get -qq install -y --no-install-recommends python3-venv >/dev/null
python3 -m venv /opt/uv
/opt/uv/bin/pip install --quiet uv
grep -hv '^#' tests/matrix.txt tests/controllers.txt | cut -d ' ' -f 1 | sort -u | while read -r version; do
    /opt/uv/bin/uv python install --no-bin "$version"
    found=$(/opt/uv/bin/uv python find --no-project --managed-python "$version")
    # A link would not do: a virtual environment that is made by one does not find the library.
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$found" >"/usr/local/bin/python$version"
    chmod 755 "/usr/local/bin/python$version"
done
