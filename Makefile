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
