# page.jq: the page's body, from one object: {summary, metadata, charts, sources, lessons, timeline, bill}.
# scripts/report puts head, style and scripts around it.
include "html";
include "answer";
include "sections";

# What the replay needs, as JSON that cannot end the element it stands in.
def replay_data($timeline; $receipts):
    {models: ($timeline | group_by(.model) | map({name: .[0].model, colour: (.[0].model | colour_of),
        spans: map([(.lane | tonumber? // 0), (.index | tonumber? // null), .phase, (.start_s | tonumber), (.end_s | tonumber)])})
        | sort_by(-([.spans[][4]] | max))),
     pays: ($receipts | map(select([.rows[].spread.median | select(. != null)] | length > 1)
        | {key, title, unit, ask, rows: (.format as $format | .rows | map(select(.spread.median != null)
            | {model: .lane, colour: (.lane | colour_of), said: (.spread.median | formatted($format)), value: .spread.median,
               low: (.spread.low // .spread.median), high: (.spread.high // .spread.median)}))}))}
    | tojson | gsub("<"; "\\u003c") | gsub(">"; "\\u003e") | gsub("&"; "\\u0026");

# p99 by model: of the open loop at the greatest load that all models bore, where it was measured (a
# closed loop has none to compare); else of the visits that the rate is from.
def p99_of($latency; $visits):
    ($latency | map(select(.valid == "1" and .p99_ms != null)) | group_by(.load)
        | map({load: .[0].load, rows: .}) | sort_by([(.rows | length), (.load | tonumber? // 0)]) | .[-1]) as $best
    | if $best then {open: "at load \($best.load)", models: ($best.rows | map({key: .model, value: {median: (.p99_ms | tonumber),
            low: (.p99_ms_low | tonumber?), high: (.p99_ms_high | tonumber?)}}) | from_entries)}
      else rate_cells.cells | {open: null, models: (map(select($visits[.cell] != null)
            | {key: .model, value: {median: $visits[.cell], low: null, high: null}}) | from_entries)} end;

def guess_form($pays):
    "<form id=\"guess\" aria-labelledby=\"guess-title\"><h3 id=\"guess-title\">First a guess: which one pays?</h3><div class=\"questions\">",
    ($pays[] | . as $pay
        | "<fieldset><legend>Which \($pay.ask | text)?</legend>",
          ($pay.rows[] | "<label><input type=\"radio\" name=\"\($pay.key | text)\" value=\"\(.lane | text)\"> \(.lane | named)</label>"),
          "</fieldset>"),
    "</div><p><button type=\"submit\">That is my guess: show the replay</button> <button type=\"button\" id=\"skip\">Skip the guess</button></p></form>";

def replay_section($timeline; $setup; $receipts):
    if ($timeline | length) == 0 then empty else
    "<section id=\"replay\" aria-labelledby=\"replay-title\" hidden><h2 id=\"replay-title\">Watch them wait</h2>",
    "<p>\($setup | text). One traced run of each model, never timed, played again on one clock. <a href=\"#class\" id=\"class-view\">Class view: only this, without the answers above</a></p>",
    guess_form($receipts | map(select([.rows[].spread.median | select(. != null)] | length > 1))
        | map(.rows |= map(select(.spread.median != null)))),
    "<div id=\"stage\" hidden>",
    "<div class=\"controls\" role=\"group\" aria-label=\"Replay\">",
    "<button type=\"button\" id=\"play\">Play</button><button type=\"button\" id=\"back\">Step back</button><button type=\"button\" id=\"step\">Step</button>",
    "<label>Speed <select id=\"speed\"><option value=\"1\">real time</option><option value=\"0.25\">4 times slower</option><option value=\"0.1\" selected>10 times slower</option><option value=\"0.01\">100 times slower</option></select></label>",
    "<label class=\"scrub\">Time <input type=\"range\" id=\"scrub\" min=\"0\" value=\"0\" aria-describedby=\"keys\"></label><output id=\"clock\" for=\"scrub\">0 ms</output></div>",
    "<p id=\"happened\" class=\"soft\" role=\"status\"></p>",
    "<div id=\"tracks\"></div>",
    "<p class=\"key soft\"><span class=\"chip\" data-state=\"untaken\">7</span> not begun <span class=\"chip other\" data-state=\"waiting\">7</span> waiting <span class=\"chip other\" data-state=\"receiving\">7</span> receiving <span class=\"chip other\" data-state=\"done\">7</span> done</p>",
    "<p id=\"keys\" class=\"soft\">Keys: <kbd>space</kbd> play and pause, <kbd>.</kbd> and <kbd>,</kbd> one event on and back, <kbd>Home</kbd> and <kbd>End</kbd>; arrows move the slider when it has the focus.</p>",
    "<p><button type=\"button\" id=\"compare\">Show what was measured</button></p>",
    "<div id=\"measured\" hidden></div></div>",
    "<script type=\"application/json\" id=\"replay-data\">\(replay_data($timeline; $receipts))</script></section>" end;

. as $in
| .summary as $summary | .metadata as $metadata
| ($in.bill | csv("bill")) as $bill
# Who fetched nothing has no end to be shown, whatever its processor did.
| ($in.timeline | csv("timeline") | group_by(.model) | map(select(any(.[]; .phase != "cpu"))) | add // []) as $timeline
| ($summary | main_experiment) as $main
| (if $main then ($summary | answer($main.name; main_value($main.name)) | receipts(.; $bill)) else [] end) as $receipts
| ($summary.experiments | map(select(.name == "timeline")) | .[0].setup // "The recorded timeline") as $setup
| "<header><div><h1>What does it cost to wait?</h1>",
  "<p class=\"soft\">\($summary.profile | text) profile, \($metadata.machine.cpu | text), Linux \($metadata.machine.kernel | text), libcurl \($metadata.versions.libcurl | text), \($metadata.started_at | text)\(if $metadata.urls then ", URLs of " + ($metadata.urls | text) else "" end)</p></div>",
  "<button type=\"button\" id=\"theme\" hidden>Dark</button></header>",
  "<nav aria-label=\"Contents\"><a href=\"#answer\">The answer</a>"
  + (if any($summary.pairs[]; .family == "builds") then "<a href=\"#builds\">Two builds</a>" else "" end)
  + (if ($timeline | length) > 0 then "<a href=\"#replay\">Watch them wait</a>" else "" end)
  + (if ($in.charts | length) > 0 then "<a href=\"#charts\">Charts</a>" else "" end)
  + (if ($in.sources | length) > 0 then "<a href=\"#models\">Sources</a>" else "" end)
  + "<a href=\"#ledger\">Ledger</a><a href=\"#environment\">Machine</a>"
  + (if $in.lessons then "<a href=\"\($in.lessons | text)\">Lessons</a>" else "" end) + "</nav><main>",
  ($summary | answer_section($bill)),
  ($summary | builds_section($metadata.base)),
  replay_section($timeline; $setup; $receipts),
  chart_section($in.charts),
  ($summary | models_section($in.sources; ($summary | p99_of(($in.latency // "") | csv("latency"); $in.p99)))),
  ($summary | ledger_section),
  environment_section($metadata),
  "</main><footer class=\"soft\"><p>Made by waitbench from <code>summary.json</code>, <code>metadata.json</code> and <code>data/</code> of this folder.</p></footer>"
