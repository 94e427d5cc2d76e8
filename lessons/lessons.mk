# lessons.mk: the shelf. A lesson is NAME.c and NAME_measure.c in its folder;
# what else one is made of stands in a line of its own: NAME_also := file.c

LESSONS :=
LESSONS += accept-policy
LESSONS += await-race
LESSONS += blocked-loop
LESSONS += concurrency-limit
LESSONS += cooperative-scheduler
LESSONS += cpu-in-loop
LESSONS += creation-cost
LESSONS += download-two-ways
LESSONS += dataflow
LESSONS += echo-server
LESSONS += event-loop
LESSONS += interleavings
LESSONS += ipc-cost
LESSONS += join-and-barrier
LESSONS += kill-a-worker
LESSONS += limits
LESSONS += locks
LESSONS += memory-per-task
LESSONS += one-big-lock
LESSONS += overlapping-waits
LESSONS += processes-from-async
LESSONS += queue-or-future
LESSONS += race
LESSONS += stackless-coroutines
LESSONS += switch-cost
LESSONS += thread-state-leak
LESSONS += time-slicing
LESSONS += what-bounds-it

cooperative-scheduler_also := lessons/cooperative-scheduler/odd-tasks.c
dataflow_also := $(addprefix lessons/dataflow/,access_line.c dataflow_log.c dataflow_threads.c)
event-loop_also := async/loop.c async/loop_select.c async/loop_poll.c async/loop_epoll.c
stackless-coroutines_also := lessons/stackless-coroutines/delegation.c
thread-state-leak_also := lessons/thread-state-leak/c_library.c
echo-server_also := lessons/echo-server/protocol.c lessons/echo-server/blocking.c lessons/echo-server/load.c \
                    async/loop.c async/loop_epoll.c
download-two-ways_also := async/loop.c async/loop_select.c async/loop_epoll.c

LESSONS := $(sort $(LESSONS))

shelf := lessons/lesson.c lessons/lesson_measure.c lessons/lesson_json.c common/output.c common/statistics.c

define lesson_program
$(B)/lessons/$(1): $(call objects,lessons/$(1)/$(1).c lessons/$(1)/$(1)_measure.c $($(1)_also) $(shelf))
.PHONY: lesson-$(1)
lesson-$(1): $(B)/lessons/$(1)
	$(Q)LESSONS_BUILD=$(B)/lessons scripts/lessons $(LESSON_OPTIONS) $(1)
endef
$(foreach l,$(LESSONS),$(eval $(call lesson_program,$(l))))

$(LESSONS:%=$(B)/lessons/%):
	@mkdir -p $(@D)
	$(Q)$(call say,LINK  $@) $(CC) $(CFLAGS) $(SANITIZER) $(LDFLAGS) -pthread -o $@ $^ -lm

# It counts the lines of its own source, which it holds as text.
$(B)/obj/lessons/download-two-ways/download-two-ways_measure.o: lessons/download-two-ways/download-two-ways.c

# They are built with everything else, and need a C compiler alone.
all: $(LESSONS:%=$(B)/lessons/%)

.PHONY: build-lessons lessons class list-lessons
build-lessons: $(LESSONS:%=$(B)/lessons/%) ## build every lesson (needs a C compiler, nothing else)
lessons: build-lessons ## run every lesson, draw its chart, write results/lessons/
	$(Q)LESSONS_BUILD=$(B)/lessons scripts/lessons $(LESSON_OPTIONS) $(LESSONS)
class: lessons ## the same: the shelf for a class (one at a time: make lesson-NAME)
list-lessons:
	@printf '%s\n' $(LESSONS)
