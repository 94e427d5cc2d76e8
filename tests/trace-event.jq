# trace-event.jq: what is wrong with a file in the Trace Event Format, as a list of sentences; [] is a
# file that chrome://tracing and Perfetto read whole.
# Source: "Trace Event Format", the Chromium project: an array of events, or an object whose
# traceEvents is one; the phases B E X I C b n e M and their required keys. Perfetto's reader
# (trace_processor, importers/json) drops an event whose ts, pid or tid is no number, an X without a
# duration, and an E that nothing began.

def wrong($at; $what): "event \($at): \($what)";
def is_count: type == "number" and . >= 0 and . == floor;

def check_common($at):
    (if (.ph | type) != "string" or (.ph | length) != 1 then wrong($at; "ph is no letter: \(.ph)") else empty end),
    (if (.name | type) != "string" or .name == "" then wrong($at; "has no name") else empty end),
    (if (.pid | is_count | not) then wrong($at; "pid is no whole number: \(.pid)") else empty end),
    (if (.tid | is_count | not) then wrong($at; "tid is no whole number: \(.tid)") else empty end),
    (if .ph != "M" and ((.ts | type) != "number" or .ts < 0) then wrong($at; "ts is no time: \(.ts)") else empty end),
    (if has("cat") and (.cat | type) != "string" then wrong($at; "cat is no string") else empty end),
    (if has("args") and (.args | type) != "object" then wrong($at; "args is no object") else empty end);

def check_phase($at):
    if .ph == "X" then
        if (.dur | type) != "number" or .dur < 0 then wrong($at; "dur is no duration: \(.dur)") else empty end
    elif .ph == "M" then
        if (.name | IN("process_name", "thread_name", "process_labels")) then
            if (.args.name // .args.labels | type) != "string" then wrong($at; "names nothing") else empty end
        elif (.name | IN("process_sort_index", "thread_sort_index")) then
            if (.args.sort_index | type) != "number" then wrong($at; "sorts by no number") else empty end
        else wrong($at; "metadata that no viewer knows: \(.name)") end
    elif .ph == "C" then
        if (.args | type) != "object" or any(.args[]; type != "number") then wrong($at; "counts no numbers") else empty end
    elif (.ph | IN("b", "n", "e")) then
        if has("id") and has("cat") then empty else wrong($at; "an asynchronous event needs id and cat") end
    elif (.ph | IN("B", "E", "I", "i")) then empty
    else wrong($at; "phase \(.ph) is not among B E X I i C b n e M") end;

# On one thread spans lie one in the other or apart, or a viewer cannot stack them: X by their times
# (an end and the next beginning may share a moment, of a nanosecond's rounding), B and E by their order.
def check_nesting:
    group_by([.pid, .tid])[]
    | "\(.[0].pid)/\(.[0].tid)" as $thread
    | (map(select(.ph == "X" and (.dur | type) == "number")) | sort_by(.ts, -.dur)
        | reduce .[] as $x ({open: [], bad: []};
            .open |= map(select(. > $x.ts + 0.001))
            | (if (.open | length) > 0 and .open[-1] < $x.ts + $x.dur - 0.001
               then .bad += ["thread \($thread): the span at \($x.ts) ends after the one around it"] else . end)
            | .open += [$x.ts + $x.dur])
        | .bad[]),
      (map(select(.ph == "B" or .ph == "E"))
        | reduce .[] as $e ({depth: 0, bad: []};
            if $e.ph == "B" then .depth += 1
            elif .depth == 0 then .bad += ["thread \($thread): an end at \($e.ts) that nothing began"]
            else .depth -= 1 end)
        | .bad[], (if .depth > 0 then "thread \($thread): \(.depth) spans never end" else empty end));

def trace_faults:
    (if type == "array" then . elif type == "object" and (.traceEvents | type) == "array" then .traceEvents else null end)
    | if . == null then ["neither an array of events nor an object with traceEvents"]
      elif length == 0 then ["no events"]
      else [(to_entries[] | .key as $at | .value
              | if type != "object" then wrong($at; "is no object") else check_common($at), check_phase($at) end),
            (map(select(type == "object")) | check_nesting)] end;

trace_faults
