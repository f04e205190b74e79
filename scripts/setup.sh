#!/bin/sh
# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes what a checkout needs, and does nothing where it is there: setup.sh [run|dev|tools [COMMAND...]]
#   .venv         Python packages: "run" for the labs, "dev" for the tests and linters too
#   .collections  this checkout, seen as ansible_collections/tcpip/lab
#   "tools" installs the commands that the tests and linters call, or those of them that are named
set -eu
cd "$(dirname "$0")/.."
wanted=${1:-run}
top=$(pwd -P)

say() { printf '%s\n' "$*" >&2; }

# Packages of the distribution, as root or through sudo.
install_packages() {
    as_root=""
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    if ! command -v ${as_root:-true} >/dev/null; then
        say "To install $*: run this as root, or install sudo."
        return 1
    elif command -v apt-get >/dev/null; then
        # A fresh machine has no lists of packages, or old ones. Then the first try fails, and the second says why.
        apt_install "$@" 2>/dev/null || { $as_root apt-get -qq update && apt_install "$@"; }
    elif command -v dnf >/dev/null; then
        $as_root dnf -q -y install "$@" >/dev/null
    else
        say "Install these packages, there is neither apt-get nor dnf to do it: $*"
        return 1
    fi
}

# sudo hands no variables on. A machine that was started just now may be installing something by itself: that is waited for.
apt_install() {
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@" >/dev/null
}

# Ansible wants Python 3.11 or newer. The distribution's own comes first: it does not move.
find_python() {
    for candidate in ${PYTHON:-} /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# Debian has venv in a package of its own. Enterprise Linux 9 has newer Pythons beside one that is too old.
install_python() {
    if command -v apt-get >/dev/null; then
        install_packages python3 python3-venv
    else
        install_packages python3 && { find_python >/dev/null || install_packages python3.12; }
    fi
}

# pip and Ansible cut commands at blanks, so a checkout in "my labs" gets its packages elsewhere, with a link.
venv_place() {
    case $top in
    *[[:space:]]*) echo "${XDG_CACHE_HOME:-$HOME/.cache}/tcpip.lab/venv-$(printf '%s' "$top" | cksum | cut -d ' ' -f 1)" ;;
    *) echo .venv ;;
    esac
}

make_venv() {
    find_python >/dev/null || install_python || true
    python=$(find_python) || { say "Python 3.11 or newer is needed (set PYTHON to one)." && return 1; }
    "$python" -c 'import venv, ensurepip' 2>/dev/null || install_packages python3-venv
    place=$(venv_place)
    say "Installing the Python packages into .venv ($wanted) ..."
    rm -rf .venv "$place"
    "$python" -m venv "$place"
    [ "$place" = .venv ] || ln -s "$place" .venv
}

install_requirements() {
    log=$(mktemp)
    if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "requirements/$wanted.txt" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# The stamp holds the place and the wishes themselves: no clock is trusted, and a checkout that was moved is made anew.
stamp() { echo "$top"; cat "requirements/$1.txt" requirements/run.txt; }

is_made() { [ -x .venv/bin/python ] && stamp "$1" | cmp -s - ".venv/made-for-$1" && .venv/bin/python -c '' 2>/dev/null; }

set_up_venv() {
    if is_made "$wanted"; then return; fi
    { [ -x .venv/bin/python ] && [ "$(head -n 1 .venv/made-for-run 2>/dev/null)" = "$top" ]; } || make_venv
    install_requirements
    stamp run >.venv/made-for-run
    stamp "$wanted" >".venv/made-for-$wanted"
}

# Links to what the collection consists of, and to nothing else: a link to the whole checkout would contain itself.
link_collection() {
    farm=.collections/ansible_collections/tcpip/lab
    mkdir -p "$farm"
    for name in LICENSE README.md changelogs docs extensions galaxy.yml meta playbooks plugins roles tests; do
        if [ -e "$name" ]; then
            [ -L "$farm/$name" ] || ln -s "../../../../$name" "$farm/$name"
        else
            rm -f "$farm/$name"
        fi
    done
}

# command, its package on Debian, its package on Fedora and its like
install_tools() {
    missing=""
    while read -r command debian redhat; do
        case " ${*:-$command} " in *" $command "*) ;; *) continue ;; esac
        PATH="$PATH:/usr/sbin:/sbin" command -v "$command" >/dev/null && continue
        if command -v apt-get >/dev/null; then missing="$missing $debian"; else missing="$missing $redhat"; fi
    done <<-END
		busybox busybox busybox
		chromium chromium chromium
		conntrack conntrack conntrack-tools
		curl curl curl
		debootstrap debootstrap debootstrap
		depmod kmod kmod
		dhclient isc-dhcp-client dhcp-client
		dig bind9-dnsutils bind-utils
		dnsmasq dnsmasq-base dnsmasq
		dot graphviz graphviz
		file file file
		ip iproute2 iproute
		iptables iptables iptables-nft
		nc netcat-openbsd nmap-ncat
		nft nftables nftables
		ping iputils-ping iputils
		qemu-system-x86_64 qemu-system-x86 qemu-system-x86-core
		shellcheck shellcheck ShellCheck
		sudo sudo sudo
		sysctl procps procps-ng
		tcpdump tcpdump tcpdump
		udhcpc udhcpc busybox
	END
    # shellcheck disable=SC2086  # a list of words
    [ -z "$missing" ] || { say "Installing$missing ..." && install_packages $missing; }
}

if [ "$wanted" = tools ]; then
    shift
    install_tools "$@"
else
    set_up_venv
    link_collection
fi
