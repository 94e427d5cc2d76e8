# waitbench compares ways to wait. `make help` lists what can be made.
#
# Variables: SANITIZE=address,undefined|thread builds into a folder of its own;
# V=1 shows the commands; DEPS=no leaves the machine alone; ONLY=PATTERN runs a
# part of `test` and `bench`; PREFIX and DESTDIR say where `install` puts things.

MAKEFLAGS += --no-builtin-rules
VERSION  := 0.1.0
CFLAGS   ?= -O2 -g
PREFIX   ?= /usr/local
PACKAGES := libcurl jansson libxxhash libevent_core liburing libuv cmocka

, := ,
Q := $(if $(V),,@)
ifeq ($(SANITIZE),)
B := build
else
B := build/sanitize-$(firstword $(subst $(,), ,$(SANITIZE)))
# Half the time to compile of -O1 -g, and lines are still named.
SANITIZER := -O0 -g1 -fsanitize=$(SANITIZE) -fno-omit-frame-pointer
# gcc's runtimes as archives: what is to be started and searched for leaks becomes a third less.
ifeq ($(SANITIZE)$(findstring clang,$(CC)),address$(,)undefined)
SANITIZER += -static-libasan -static-libubsan
endif
# Those archives link in half the time by gold, where it is there.
LDFLAGS := $(LDFLAGS) $(if $(shell command -v ld.gold),-fuse-ld=gold)
endif

STRICT   := -std=gnu17 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wvla -Wformat=2 -Wundef
CPPFLAGS += -I. -D_GNU_SOURCE -DWAITBENCH_VERSION='"$(VERSION)"' \
            -DWAITBENCH_CFLAGS='"$(strip $(CFLAGS) $(SANITIZER))"'
# Asked once, and only when something is compiled: help and deps need no library.
INCLUDES  = $(eval INCLUDES := $(foreach p,$(PACKAGES),$(shell pkg-config --cflags $(p) 2>/dev/null)))$(INCLUDES)
COMPILE   = $(CC) $(STRICT) $(CPPFLAGS) $(CFLAGS) $(SANITIZER) -pthread $(INCLUDES) -MMD -MP
libraries = $(shell pkg-config --libs $(1)) -lm
# As archives where there are any: two shared libraries more would make async start 1 ms later
# than the other models, whichever backend it waits with.
archive   = $(filter /%,$(shell $(CC) -print-file-name=$(1)))
loop_libraries = $(or $(call archive,liburing.a),-luring) $(or $(call archive,libuv_a.a),-luv)
say       = $(if $(V),,echo "  $(1)";)
# By time: by name, a day's first result would stand behind its second.
newest    = $(shell ls -t results/*/summary.json 2>/dev/null | sed -n '/^results.sample.summary/!{s|/summary.json||p;q;}')

# What each program is made of. ----------------------------------------------

MODELS     := sequential processes threads async hybrid coroutines
common     := common/workload.c common/run.c common/transfer.c common/resolve.c common/digest.c \
              common/rate.c common/statistics.c common/units.c common/output.c
driver     := common/driver/options.c common/driver/limits.c common/driver/summary.c \
              common/driver/summary_json.c common/driver/outputs.c common/driver/progress.c \
              common/driver/stop.c common/driver/environment.c
sequential := sequential/sequential.c
processes  := processes/processes.c processes/workers.c $(sequential)
threads    := threads/threads.c $(sequential)
loop       := async/backend.c async/transfers.c async/loop.c async/loop_select.c async/loop_poll.c \
              async/loop_epoll.c async/loop_uring.c async/loop_libuv.c async/loop_named.c
async      := async/async.c $(loop)
hybrid     := hybrid/hybrid.c processes/workers.c $(threads) $(async)
coroutines := coroutines/coroutines.c $(loop)
origin     := origin/origin.c origin/options.c origin/listen.c origin/loop.c origin/connection.c \
              origin/response.c origin/route.c origin/item.c origin/request.c origin/stats.c \
              origin/due.c origin/log.c common/units.c common/output.c
evidence   := analysis/results.c analysis/ledger.c analysis/prove.c analysis/agree.c analysis/small.c \
              analysis/evidence.c analysis/trends.c analysis/words.c analysis/needed.c \
              common/statistics.c
tables     := analysis/findings.c analysis/cells.c analysis/result_file.c analysis/json_file.c \
              common/output.c analysis/summary_json.c analysis/summary_md.c analysis/hyperfine_json.c \
              analysis/chart_data.c analysis/chart_variants.c
benchstat  := analysis/benchstat.c analysis/plan.c analysis/experiment.c analysis/visit.c \
              analysis/stats_client.c analysis/host.c analysis/processors.c analysis/judge.c \
              $(evidence) $(tables) analysis/compare.c analysis/changes.c analysis/merge.c common/units.c
meter      := analysis/meter.c analysis/json_file.c common/output.c analysis/tree.c analysis/kernel.c common/units.c

PROGRAMS := $(MODELS) origin benchstat meter

# tests/unit/test_NAME.c is linked with $(test_NAME), or else with $(common).
UNIT     := units statistics plan judge charts host coroutine
test_units      := common/units.c
test_statistics := common/statistics.c
test_plan       := analysis/plan.c analysis/experiment.c analysis/needed.c common/units.c
test_judge      := $(evidence) analysis/changes.c analysis/cells.c analysis/experiment.c common/units.c
test_charts     := $(evidence) $(tables) analysis/changes.c analysis/plan.c analysis/experiment.c \
                   common/units.c
test_host       := tests/unit/server.c analysis/host.c analysis/stats_client.c
# What all models are built on:
UNIT     += workload rate run digest loop resolve transfer summary outputs
test_workload   := common/workload.c
test_rate       := common/rate.c common/workload.c common/units.c
test_run        := common/run.c common/workload.c
test_digest     := common/digest.c
test_loop       := async/loop.c async/loop_select.c async/loop_poll.c async/loop_epoll.c \
                   async/loop_uring.c async/loop_libuv.c async/loop_named.c
test_resolve    := common/resolve.c common/workload.c
test_transfer   := tests/unit/server.c $(common) $(threads) $(async) coroutines/coroutines.c
test_summary    := common/driver/summary.c common/driver/summary_json.c \
                   common/driver/environment.c $(common)
test_outputs    := common/output.c common/driver/outputs.c common/run.c common/workload.c
# The origin's:
UNIT     += origin_request origin_item origin_response origin_due origin_stats
test_origin_request  := origin/request.c
test_origin_item     := origin/item.c common/units.c
test_origin_response := origin/response.c origin/item.c common/units.c
test_origin_due      := origin/due.c
test_origin_stats    := origin/stats.c

# The meter's:
UNIT     += tree kernel
test_tree   := analysis/tree.c
test_kernel := analysis/kernel.c

# A lesson's:
UNIT     += dataflow
test_dataflow := lessons/dataflow/dataflow_threads.c lessons/dataflow/access_line.c

# Where threads meet, for the thread sanitizer: as in tests/run and the tags of tests/cli.
THREADED_UNIT    := run rate workload resolve transfer loop origin_stats dataflow
THREADED_LESSONS := blocked-loop dataflow echo-server interleavings join-and-barrier kill-a-worker locks \
                    one-big-lock race thread-state-leak

# tests/fuzz/fuzz_NAME.c is linked with $(fuzz_NAME).
FUZZ := origin_request urls units options experiment visit results slices access_line
fuzz_origin_request := origin/request.c origin/item.c common/units.c
fuzz_urls       := common/workload.c
fuzz_units      := common/units.c
fuzz_options    := common/workload.c common/rate.c common/units.c common/output.c
fuzz_experiment := analysis/plan.c analysis/experiment.c analysis/needed.c common/units.c
fuzz_visit      := analysis/ledger.c analysis/prove.c analysis/agree.c analysis/experiment.c analysis/needed.c common/units.c
fuzz_results    := $(evidence) $(tables) analysis/changes.c analysis/experiment.c common/units.c
fuzz_slices     := analysis/json_file.c common/output.c analysis/ledger.c analysis/prove.c analysis/agree.c analysis/experiment.c analysis/needed.c common/units.c
fuzz_access_line := lessons/dataflow/access_line.c

# The lessons are listed in lessons/lessons.mk.

# What tests load the origin with.
arrivals := tests/arrivals.c common/units.c
# A server that does everything wrong.
faults   := tests/faults.c
# Every interleaving of a small run.
run_model := tests/model/run_model.c

# What each program links with.
$(MODELS:%=$(B)/%):     LIBS = $(call libraries,libcurl jansson libxxhash)
$(B)/async $(B)/hybrid $(B)/coroutines: LIBS = $(call libraries,libcurl jansson libxxhash) $(loop_libraries)
$(B)/origin:            LIBS = $(call libraries,libevent_core)
$(B)/benchstat:         LIBS = $(call libraries,jansson libxxhash)
$(B)/meter:             LIBS = $(call libraries,jansson)
$(FUZZ:%=$(B)/tests/fuzz_%) $(FUZZ:%=$(B)/fuzz/%): LIBS = $(call libraries,jansson libxxhash)
$(UNIT:%=$(B)/tests/test_%): LIBS = $(call libraries,cmocka libcurl jansson libxxhash) $(loop_libraries)

# What can be made. ------------------------------------------------------------

.PHONY: all deps check mutations test lint format fuzz replay bench aa report race profile peers mistakes coverage \
        soak doctor man install uninstall clean help unit replay threaded FORCE
.DEFAULT_GOAL := all
all: $(PROGRAMS:%=$(B)/%) ## build every program (the default)
deps: ## install what is missing (DEPS=no: leave the machine alone)
	@scripts/deps build bench test
# The jobs are make's to give, hence the +, which would run them under `make -n` too.
DRY = $(if $(findstring n,$(firstword -$(MAKEFLAGS))),: )
check test: export ONLY := $(value ONLY)
check: ## build and run the tests that are done within a minute
	@scripts/deps build test
	+@$(DRY)tests/run --quick --only="$$ONLY"
# Whose tool is missing is skipped: here nothing is.
test: ## everything that has to hold: tests, sanitizers, lint
	@scripts/deps build bench test profile coverage
	+@$(DRY)tests/run --only="$$ONLY"
lint: ## clang-format, clang-tidy, cppcheck, shellcheck
	@scripts/deps build test
	+@tests/run --stage=lint
format: ## lay out every C file as .clang-format says
	@tests/lint --fix-format
bench: ## measure the models (PROFILE=talk, ONLY=, URLS=, BASE=, RESUME=: see scripts/bench --help)
	@scripts/deps build bench
	+@$(MAKE) --no-print-directory all
	@scripts/bench
report: ## one page of a result: make report DIR=results/… (DIR: by default the newest)
	@scripts/deps bench
	@scripts/report "$(or $(DIR),$(newest),results/sample)"
mutations: all unit ## take each defence out in a copy, and see its test fail (docs/faults.md)
	@tests/mutations
aa: ## does the judge report what is there, and nothing else? (20 comparisons; an idle machine)
	@scripts/deps build bench
	+@$(MAKE) --no-print-directory all
	@scripts/aa
coverage: ## which branches the tests take, in common/, the models, origin/ and analysis/ (build/coverage)
	@scripts/deps build bench test coverage
	@scripts/coverage
soak: ## half an hour of faults and killed workers: what leaks? (into docs/soak.md; SOAK_MINUTES=)
	@scripts/deps build bench
	+@$(MAKE) --no-print-directory all
	@WAITBENCH_BUILD=$(B) scripts/soak --minutes=$(or $(SOAK_MINUTES),30) --write=docs/soak.md
race: ## the models side by side on the terminal, live: 12 URLs, then 4,000
	@scripts/deps build bench
	+@$(MAKE) --no-print-directory all
	@scripts/race --build=$(B)
profile: ## count instructions and system calls a fetch (into docs/profile.md)
	@scripts/deps build profile
	+@$(MAKE) --no-print-directory all
	@scripts/profile --write=docs/profile.md
peers: ## the same lists by curl, wget2, aria2c, Python, Go … (QUICK=yes: two minutes)
	@scripts/deps build bench peers
	+@$(MAKE) --no-print-directory all $(B)/peers/go-pool
	@scripts/peers --build=$(B) $(if $(QUICK),--quick)
mistakes: ## nine ways to benchmark wrongly, each beside the right one (QUICK=yes: fewer rounds)
	@scripts/deps build bench
	+@$(MAKE) --no-print-directory all
	@scripts/mistakes --build=$(B) $(if $(QUICK),--quick)
doctor: ## what this machine gives, what is missing, what runs without it
	@scripts/doctor
man: $(PROGRAMS:%=$(B)/man/waitbench-%.1) ## the manual pages, from the programs' own --help
fuzz: ## each reader of what others write, a minute of inputs made up by libFuzzer (FUZZ_SECONDS=)
	@scripts/deps build fuzz
	+@$(MAKE) --no-print-directory $(FUZZ:%=$(B)/fuzz/%)
	@tests/fuzz/run --build=$(B) --seconds=$(or $(FUZZ_SECONDS),60) $(FUZZ)
unit: $(UNIT:%=$(B)/tests/test_%) $(B)/tests/arrivals $(B)/tests/faults $(B)/tests/run_model $(B)/tests/shim.so \
      $(if $(filter address,$(subst $(,), ,$(SANITIZE))),replay)
replay: $(FUZZ:%=$(B)/tests/fuzz_%)
threaded: $(addprefix $(B)/,sequential threads async hybrid origin tests/arrivals tests/faults tests/shim.so) \
          $(THREADED_LESSONS:%=$(B)/lessons/%) $(THREADED_UNIT:%=$(B)/tests/test_%)
# In the environment, so that a folder's name may hold what make and the shell would take apart.
install uninstall: export PLACE = $(DESTDIR)$(PREFIX)
install: all man ## programs and manual pages, as waitbench-NAME, under PREFIX
	install -d "$$PLACE/bin" "$$PLACE/share/man/man1"
	for p in $(PROGRAMS); do install $(B)/$$p "$$PLACE/bin/waitbench-$$p" || exit; done
	install -m 644 $(PROGRAMS:%=$(B)/man/waitbench-%.1) "$$PLACE/share/man/man1"
uninstall: ## remove what install put there
	for p in $(PROGRAMS); do rm -f "$$PLACE/bin/waitbench-$$p" "$$PLACE/share/man/man1/waitbench-$$p.1" || exit; done
# What is removed cannot be built meanwhile.
$(if $(filter clean,$(MAKECMDGOALS)),$(eval .NOTPARALLEL:))
clean: ## remove what was built (results stay)
	rm -rf build
help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile lessons/lessons.mk | expand -t 18

# How it is made. ----------------------------------------------------------------

objects = $(patsubst %.c,$(B)/obj/%.o,$(1))

# A client that is wrong on purpose, for scripts/mistakes.
all: $(B)/mistakes/signals_left_on
$(B)/mistakes/signals_left_on: $(call objects,mistakes/signals_left_on.c)
	@mkdir -p $(@D)
	$(Q)$(call say,LINK  $@) $(CC) $(CFLAGS) $(SANITIZER) $(LDFLAGS) -o $@ $^ $(call libraries,libcurl)

# A model's main is compiled for that model: common/driver/main.c with MODEL set.
define model_program
$(B)/$(1): $(call objects,$($(1)) $(common) $(driver)) $(B)/obj/common/driver/main-$(1).o
endef
define plain_program
$(B)/$(1): $(call objects,$($(1)))
endef
define unit_program
$(B)/tests/test_$(1): $(call objects,tests/unit/test_$(1).c $(or $(test_$(1)),$(common)))
endef
define fuzz_program
$(B)/tests/fuzz_$(1): $(call objects,tests/fuzz/fuzz_$(1).c tests/fuzz/fuzz.c tests/fuzz/replay.c $(fuzz_$(1)))
$(B)/fuzz/$(1): tests/fuzz/fuzz_$(1).c tests/fuzz/fuzz.c $(fuzz_$(1))
endef
$(foreach p,$(MODELS),$(eval $(call model_program,$(p))))
$(foreach p,$(filter-out $(MODELS),$(PROGRAMS)),$(eval $(call plain_program,$(p))))
$(foreach p,$(UNIT),$(eval $(call unit_program,$(p))))
$(foreach p,$(FUZZ),$(eval $(call fuzz_program,$(p))))

$(B)/tests/arrivals: $(call objects,$(arrivals))
$(B)/tests/faults: $(call objects,$(faults))
$(B)/tests/run_model: $(call objects,$(run_model))

# All sources at once and anew, by clang, which brings libFuzzer.
$(B)/fuzz/%: FORCE
	@mkdir -p $(@D)
	$(Q)$(call say,FUZZ  $@) $(or $(FUZZ_CC),clang-14) -std=gnu17 $(CPPFLAGS) -g -O1 -fno-omit-frame-pointer \
	    -fsanitize=fuzzer,address,undefined,float-cast-overflow -fno-sanitize-recover=all $(LDFLAGS) -o $@ $(filter %.c,$^) $(LIBS)

$(PROGRAMS:%=$(B)/%) $(UNIT:%=$(B)/tests/test_%) $(FUZZ:%=$(B)/tests/fuzz_%) $(B)/tests/arrivals \
$(B)/tests/faults $(B)/tests/run_model:
	@mkdir -p $(@D)
	$(Q)$(call say,LINK  $@) $(CC) $(CFLAGS) $(SANITIZER) $(LDFLAGS) -pthread -o $@ $^ $(LIBS)

# Loaded before a program, it makes its machine run out of things.
$(B)/tests/shim.so: tests/shim.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(call say,LINK  $@) $(CC) $(STRICT) -D_GNU_SOURCE -O2 -g -fPIC -shared -pthread -o $@ $<

$(B)/obj/common/driver/main-%.o: common/driver/main.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(call say,CC    $< ($*)) $(COMPILE) -DMODEL=$*_model -c -o $@ $<

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(call say,CC    $<) $(COMPILE) -c -o $@ $<

# Called by the name that install gives it, a program's --help says that name.
$(B)/man/waitbench-%.1: $(B)/% $(wildcard docs/man/*.h2m)
	@mkdir -p $(@D)
	@ln -sf ../$* $(@:.1=)
	$(Q)$(call say,MAN   $@) help2man --no-info --locale=C.UTF-8 --manual=waitbench \
	    --source='waitbench $(VERSION)' --version-string='waitbench-$* (waitbench) $(VERSION)' \
	    --name="$$(sed -n '1s/^# //p' docs/man/$*.h2m)" --opt-include=docs/man/$*.h2m \
	    $(if $(filter $*,$(MODELS)),--include=docs/man/model.h2m) \
	    $(if $(filter $*,benchstat),--include=$(B)/man/subcommands.h2m) -o $@ $(@:.1=)

# benchstat's own --help leaves the options to its subcommands'; a page is narrower than a terminal.
$(B)/man/waitbench-benchstat.1: $(B)/man/subcommands.h2m
$(B)/man/subcommands.h2m: $(B)/benchstat
	@mkdir -p $(@D)
	@for s in $$($< --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do \
	    printf '[%s]\n.nf\n' $$s; \
	    ARGP_HELP_FMT=rmargin=72 $< $$s --help | sed 's/\\/\\e/g; s/-/\\-/g' || exit; echo .fi; done >$@

# A peer in Go: its standard library only, and nothing is fetched.
$(B)/peers/go-pool: peers/go/main.go
	@mkdir -p $(@D)
	$(Q)$(call say,GO    $<) GOTOOLCHAIN=local GOPROXY=off GOFLAGS=-mod=mod go build -o $@ $<

# Other flags than last time: everything is compiled anew. Also what a result quotes.
$(B)/flags: export FLAGS = $(COMPILE)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS" | cmp -s - $@ || printf '%s\n' "$$FLAGS" >$@

include lessons/lessons.mk

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
