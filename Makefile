# waitbench compares ways to wait. `make help` lists what can be made.
#
# Variables: SANITIZE=address,undefined|thread builds into a folder of its own;
# V=1 shows the commands; DEPS=no leaves the machine alone.

VERSION  := 0.1.0
CFLAGS   ?= -O2 -g
PACKAGES := libcurl jansson libxxhash libevent_core libevent_pthreads liburing libuv cmocka

ifeq ($(SANITIZE),)
B := build
else
B := build/sanitize-$(firstword $(subst $(,), ,$(SANITIZE)))
SANITIZER := -fsanitize=$(SANITIZE) -fno-omit-frame-pointer
endif
, := ,
Q := $(if $(V),,@)

STRICT   := -std=gnu17 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wvla -Wformat=2 -Wundef
CPPFLAGS += -I. -D_GNU_SOURCE -DWAITBENCH_VERSION='"$(VERSION)"'
COMPILE   = $(CC) $(STRICT) $(CPPFLAGS) $(CFLAGS) $(SANITIZER) -pthread -MMD -MP

# What each program is made of. ----------------------------------------------

MODELS     := sequential processes threads async
common     := common/workload.c common/run.c common/transfer.c common/resolve.c common/digest.c \
              common/statistics.c common/units.c
driver     := common/driver/options.c common/driver/limits.c common/driver/summary.c \
              common/driver/outputs.c common/driver/stop.c common/driver/environment.c
sequential := sequential/sequential.c
processes  := processes/processes.c $(sequential)
threads    := threads/threads.c $(sequential)
async      := async/async.c async/transfers.c async/loop.c async/loop_select.c async/loop_poll.c \
              async/loop_epoll.c
origin     := origin/origin.c
benchstat  := analysis/benchstat.c common/statistics.c common/units.c

PROGRAMS := $(MODELS) origin benchstat
UNIT     :=
LESSONS  :=

# What each program links with.
$(MODELS:%=$(B)/%): LIBS = $(shell pkg-config --libs libcurl jansson libxxhash) -lm
$(B)/origin:        LIBS = $(shell pkg-config --libs libevent_core libevent_pthreads jansson libxxhash) -lm
$(B)/benchstat:     LIBS = $(shell pkg-config --libs jansson libxxhash) -lm

# How they are made. -----------------------------------------------------------

.PHONY: all
all: $(PROGRAMS:%=$(B)/%) ## build every program (the default)
.DEFAULT_GOAL := all

objects = $(patsubst %.c,$(B)/obj/%.o,$(1))

# A model's main is compiled for that model: common/driver/main.c with MODEL set.
define model_program
$(B)/$(1): $(call objects,$($(1)) $(common) $(driver)) $(B)/obj/common/driver/main-$(1).o
endef
define plain_program
$(B)/$(1): $(call objects,$($(1)))
endef
$(foreach p,$(MODELS),$(eval $(call model_program,$(p))))
$(foreach p,$(filter-out $(MODELS),$(PROGRAMS)),$(eval $(call plain_program,$(p))))

$(PROGRAMS:%=$(B)/%):
	$(Q)$(if $(V),,echo "  LINK  $@";) $(CC) $(CFLAGS) $(SANITIZER) $(LDFLAGS) -pthread -o $@ $^ $(LIBS)

$(B)/obj/common/driver/main-%.o: common/driver/main.c
	@mkdir -p $(@D)
	$(Q)$(if $(V),,echo "  CC    $< ($*)";) $(COMPILE) -DMODEL=$*_model -c -o $@ $<

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(if $(V),,echo "  CC    $<";) $(COMPILE) -c -o $@ $<

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

.PHONY: clean help
clean: ## remove what was built
	rm -rf build
help: ## this list
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22
