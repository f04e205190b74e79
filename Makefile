# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# make help says what there is.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# Every playbook is a target; playbooks/vxlan.yml is "make vxlan". Two of them build no lab.
PLAYBOOKS := $(sort $(patsubst playbooks/%.yml,%,$(wildcard playbooks/*.yml)))
SCENARIOS := $(filter-out labs machine,$(PLAYBOOKS))
ARGS ?=
# "make veth -e lab_state=absent" and "make veth lab_state=absent" are what one types who has forgotten ARGS; make takes
# the words for variables of its own.
GIVEN = $(strip $(foreach name,$(sort $(filter lab_% walkthrough,$(.VARIABLES))),$(if $(filter command,$(origin $(name))),-e '$(name)=$($(name))')))

# What is misspelt would be ignored without a word.
NAMES := ARGS PYTHON walkthrough
UNKNOWN := $(filter-out $(NAMES) lab_% BIN MAKEFLAGS SHELL,$(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name))))
ifneq ($(UNKNOWN),)
$(error $(firstword $(UNKNOWN)) is no variable of make here, $(shell python3 scripts/meant.py $(firstword $(UNKNOWN)) $(NAMES)). For Ansible: ARGS="-e NAME=VALUE")
endif

# Given by name, it is read even where others may write to this directory.
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# Ansible refuses a language that the machine has not installed, such as the one that ssh brings along.
export LC_ALL := C.UTF-8
BIN := .venv/bin

TARGETS := help setup setup-dev tools test test-units test-versions test-scenarios test-long test-mutants bench lint lint-sanity diagrams evidence matrix docs clean
.PHONY: $(TARGETS) $(PLAYBOOKS)

# Whatever else is asked for.
.DEFAULT:
	@echo "There is no '$@': $$(python3 scripts/meant.py '$@' $(PLAYBOOKS) $(TARGETS)) (make help says more)" >&2; exit 2

help:
	@echo 'make SCENARIO   build a lab, check it, say what is there: $(SCENARIOS)'
	@echo '                make vxlan ARGS="-e walkthrough=true"    stage after stage, with the evidence'
	@echo '                make vxlan ARGS="-e lab_state=absent"    remove it'
	@echo '                make vxlan ARGS="--check --diff"         say what would be done'
	@echo 'make labs       all labs that are there, and what is left of lost ones; ARGS="-e lab_remove=vxlan" removes one'
	@echo 'make machine    install what every lab needs; a lab does this, too'
	@echo 'make setup      the Python packages and the collection path, made in this directory'
	@echo 'make test       all tests, in throw-away machines (root or sudo)'
	@echo 'make test-units      the tests that need no root (it or sudo once, for the packages of dot and ip)'
	@echo 'make test-versions   the tests with all other versions of Python, pyroute2 and Ansible; "make test" has the oldest (root or sudo)'
	@echo 'make test-scenarios  every scenario again: over two machines, and on the kernel of Debian 12, under emulation (root or sudo)'
	@echo 'make test-long  hundreds of random topologies; ARGS="--topology-seed=7" draws the same ones again (root or sudo)'
	@echo 'make test-mutants   faults that are planted in a copy of the collection, and the tests that catch them (root or sudo)'
	@echo 'make bench      what labs cost, against other means; ARGS="--help" says what can be chosen (root or sudo)'
	@echo 'make lint       all linters'
	@echo 'make lint-sanity     ansible-test sanity alone'
	@echo 'make diagrams   draw each lab anew, into docs'
	@echo 'make evidence   look anew at what is seen of labs that have changed, into docs/scenarios (root or sudo)'
	@echo 'make matrix     what the last whole run of "make test" ran with, into docs/matrix.md'
	@echo 'make docs       the documentation as pages for a browser, into .cache/docs/html'
	@echo 'make clean      remove what setup and the tests made in this directory'

setup:
	@scripts/setup.sh run

setup-dev:
	@scripts/setup.sh dev

# The commands that tests and linters call, from the distribution.
tools:
	@scripts/setup.sh tools

# A password is asked for only where sudo would ask Ansible for one. What sudo remembers of this terminal is of no use there.
$(PLAYBOOKS): setup
	@ask=; [ "$$(id -u)" -eq 0 ] || sudo -kn true 2>/dev/null || ask=--ask-become-pass; \
	$(BIN)/ansible-playbook playbooks/$@.yml $$ask $(if $(GIVEN),$(GIVEN) )$(ARGS)

test: setup-dev tools
	@$(BIN)/python scripts/prove.py test

test-units: setup-dev
	@scripts/setup.sh tools dot ip
	@$(BIN)/python scripts/prove.py units

test-versions: setup-dev tools
	@$(BIN)/python scripts/prove.py versions

test-scenarios: setup-dev tools
	@$(BIN)/python scripts/prove.py scenarios

test-long: setup-dev tools
	@$(BIN)/python scripts/prove.py long $(ARGS)

test-mutants: setup-dev tools
	@$(BIN)/python scripts/prove.py mutants

bench: setup-dev tools
	@sudo=; [ "$$(id -u)" -eq 0 ] || sudo="sudo --preserve-env"; \
	$$sudo $(BIN)/python tests/benchmark.py $(ARGS)

lint: setup-dev tools
	@$(BIN)/python scripts/prove.py lint

lint-sanity: setup-dev tools
	@$(BIN)/python scripts/prove.py sanity

diagrams: setup-dev tools
	@$(BIN)/python scripts/diagrams.py

evidence: setup-dev tools
	@sudo=; [ "$$(id -u)" -eq 0 ] || sudo="sudo --preserve-env"; \
	$$sudo $(BIN)/python scripts/evidence.py $(ARGS)

matrix: setup-dev
	@$(BIN)/python scripts/matrix.py

docs: setup-dev
	@$(BIN)/python scripts/docs.py

clean:
	rm -rf .venv .venv-matrix .collections .ansible .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis tests/output
