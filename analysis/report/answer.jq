# answer.jq: who differs in time, by how much and how surely, and what each pays. It judges nothing
# itself: each word comes from the verdicts of summary.json's pairs.
include "html";

def timed_cells($experiment; $value):
    .cells | map(select(.experiment == $experiment and .value == $value and .again_of == null and .against == null
        and .verdict == "valid" and (.kind == "timed" or .kind == "peer")));
def values_of($experiment):
    [.cells[] | select(.experiment == $experiment and (.kind == "timed" or .kind == "peer")) | .value] | unique;

# What the pair of $a and $b says, read as "$a is …", and b's time over a's.
def relation($experiment; $value; $a; $b):
    [.pairs[] | select(.experiment == $experiment and .value == $value and (.family // "lanes") == "lanes")
        | if .a == $a and .b == $b then {verdict, p: (.p_holm // .p), floor: .noise_floor.ratio?, ratio}
          elif .a == $b and .b == $a then {p: (.p_holm // .p), floor: .noise_floor.ratio?,
              verdict: ({faster: "slower", slower: "faster"}[.verdict] // .verdict),
              ratio: (.ratio | if . == null then null else
                  {rounds, coverage, median: (1 / .median), low: (1 / .high), high: (1 / .low)} end)}
          else empty end] | .[0] // {verdict: "not compared", p: null, ratio: null};

# What lanes are compared by at a value: times, or in an open loop ("p99_s") how late they answer. null: each
# lane is at a rate of its own there, and is told but not compared.
def compared_by($experiment; $value):
    ([.cells[] | select(.experiment == $experiment and .value == $value and has("compared_by"))] | .[0]) as $cell
    | if $cell then $cell.compared_by
      else (.experiments[] | select(.name == $experiment) | .compared_by // "makespan_s") end;

# One experiment at one value, as an object: the quickest, who is no different from it, who is slower.
def answer($experiment; $value):
    . as $summary
    | compared_by($experiment; $value) as $compared | ($compared // "p99_s") as $by
    | timed_cells($experiment; $value) | map(select(.[$by].median != null)) | sort_by(.[$by].median)
    | map({lane, cell: ., time: .[$by]})
    | if length == 0 then {lanes: [], value: $value}
      elif $compared == null then {lanes: map(. + {relation: null}), value: $value, by: $by, own_rates: true}
      else
        .[0].lane as $first
        | map(. + {relation: (if .lane == $first then null else
            (.lane as $lane | $summary | relation($experiment; $value; $first; $lane)) end)})
        | {lanes: ., value: $value, by: $by, first: $first,
           tied: map(select(.relation.verdict == "no difference seen") | .lane),
           slower: map(select(.relation.verdict == "faster")),
           floor: ([.[].relation.floor? | select(. != null)] | max // $summary.noise_floor.ratio),
           unseen: ([.[].relation | select(.verdict? == "no difference seen")
               | (.floor // $summary.noise_floor.ratio), .ratio.high, (if .ratio.low then 1 / .ratio.low else null end)
               | select(. != null)] | max),
           open: map(select(.relation != null and .relation.verdict != "faster"
               and .relation.verdict != "no difference seen"))}
      end;

# An answer as a sentence of HTML. What could still be there unseen is the widest of the floors and of the
# intervals of the pairs in which no difference was seen.
def sentence:
    (if .unseen then " above \(.unseen - 1 | percent)" else "" end) as $floor
    |
    def slower_words($late): [.[].lane] as $lanes
        | map("<b>\(.lane | text)</b>\(if .lane != $lanes[0] then "" elif $late then ":" elif .lane | test("s( |$)") then " take" else " takes" end) \(.relation.ratio.median | times)"
        + " <span class=\"soft\">(\(.relation.ratio.low | figure) to \(.relation.ratio.high | figure))</span>");
    (if .by == "p99_s" then {no: "No difference in latency seen", seen: "no difference in latency seen",
            best: "Lowest p99 latency", than: "the p99 latency of"}
        else {no: "No difference in time seen", seen: "no difference in time seen", best: "Fastest", than: "the time of"} end) as $say |
    if .own_rates then
        "Each at its own rate, so not compared. p99 from the due time: \(.lanes
            | map("<b>\(.lane | text)</b> \(.time.median | seconds)") | listed)."
    elif (.lanes | length) == 0 then "No model has a valid result here, so there is nothing to compare."
    elif (.lanes | length) == 1 then "Only <b>\(.first | text)</b> has a valid result here: nothing to compare."
    elif (.slower | length) == 0 and (.open | length) == 0 then
        "<b>\($say.no)</b>\($floor) between \([.first] + .tied | map("<b>\(text)</b>") | listed)."
    elif (.slower | length) == 0 and (.tied | length) == 0 then
        "<b>\(.open[0].relation.verdict | capital | text)</b> between \([.first] + (.open | map(.lane)) | map("<b>\(text)</b>") | listed)."
    else
        (if (.tied | length) > 0 then
            "\([.first] + .tied | map("<b>\(text)</b>") | listed): \($say.seen)\($floor)."
         else "\($say.best): <b>\(.first | text)</b>." end)
        + (if (.slower | length) > 0 then
            " \(.slower | slower_words(.[0].cell.p99_s? != null) | listed) \($say.than) \(.first | text)." else "" end)
        + (.open | group_by(.relation.verdict)
            | map(" \(.[0].relation.verdict | capital | text) for \(map("<b>\(.lane | text)</b>") | listed).") | join(""))
    end;

# What is asked first: the plain race if it was run, else the first experiment with something to compare.
def main_experiment:
    . as $summary
    | ([.experiments[] | select(.name == "total-time")] + .experiments)
    | map(select(.name as $name | $summary | values_of($name) | length > 0)) | .[0];

# The value of the main experiment's axis at which most lanes are valid; of those the largest.
def main_value($name):
    . as $summary
    | values_of($name) | map({value: ., lanes: (. as $v | $summary | timed_cells($name; $v) | length)})
    | sort_by(.lanes, .value) | .[-1].value;

# What a lane's own row says of its time beside the first one's.
def standing($answer):
    if .lane == $answer.first then
        if ($answer.tied | length) > 0 then "none seen faster" elif ($answer.slower | length) > 0 then "fastest" else null end
    elif .relation.verdict == "faster" then "\(.relation.ratio.median | times) the time"
    elif .relation.verdict == "no difference seen" then "none seen faster"
    else .relation.verdict end;

# The columns of the receipt. $bill is data/bill.csv, which alone knows memory; an invalid row tells none.
def receipts($answer; $bill):
    def of_bill($lane; $key): [$bill[] | select(.model == $lane and .valid == "1") | .[$key] | tonumber?] | .[0];
    def spread: if . == null then null else {median, low, high} end;
    def sum_spread($a; $b): if $a == null or $b == null then null
        else {median: ($a.median + $b.median), low: null, high: null} end;
    [ {key: "time", title: "time", unit: "start to end", format: "seconds", ask: "takes the most time",
       rows: [$answer.lanes[] | {lane, standing: standing($answer), spread: (.time | spread)}]},
      {key: "cpu", title: "processor", unit: "time a fetch", format: "seconds", ask: "uses the most processor time",
       rows: [$answer.lanes[] | {lane, spread: (.cell.cpu_s_per_fetch | spread)}]},
      {key: "memory", title: "memory", unit: "one more worker", format: "kibibytes", ask: "needs the most memory for one more at a time",
       rows: [$answer.lanes[] | .lane as $lane | {lane, spread: (of_bill($lane; "memory_kib_per_worker")
            | if . == null then null else {median: ., low: of_bill($lane; "memory_kib_per_worker_low"),
                high: of_bill($lane; "memory_kib_per_worker_high")} end)}]},
      {key: "switches", title: "switches", unit: "of context a fetch", format: "figure", ask: "switches context the most",
       rows: [$answer.lanes[] | {lane, spread: sum_spread(.cell.voluntary_switches_per_fetch;
            .cell.involuntary_switches_per_fetch)}]},
      {key: "start", title: "start-up", unit: "of the workers", format: "seconds", ask: "takes the longest to start",
       rows: [$answer.lanes[] | {lane, spread: (.cell.spawn_s | spread)}]} ];

def formatted($format):
    if $format == "seconds" then seconds elif $format == "kibibytes" then kibibytes
    elif $format == "times" then times elif $format == "milliseconds" then milliseconds
    elif $format == "per_second" then per_second else figure end;

# One cell of a receipt: the figure, its interval, and a bar as long as its share of the column's most.
def receipt_cell($row; $most; $format; $title):
    if $row.spread.median == null then "<td class=\"pay\" data-title=\"\($title | text)\"><span class=\"soft\">not measured</span></td>"
    else "<td class=\"pay\" data-title=\"\($title | text)\"><span class=\"figure\">\($row.spread.median | formatted($format))</span>"
        + (if $row.spread.low == null then "" else
            "<span class=\"range\">\($row.spread.low | formatted($format)) to \($row.spread.high | formatted($format))</span>" end)
        + "<span class=\"bar\"><span class=\"\($row.lane | colour_of)\" style=\"width:\(
            if $most > 0 then $row.spread.median / $most * 100 else 0 end | figure)%\"></span></span></td>" end;

# Lanes by columns, each column with a scale of its own from zero.
def receipt_table($columns; $caption):
    "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"\($caption | text)\"><table class=\"receipt\">",
    "<caption>\($caption | text)</caption>",
    "<thead><tr><th scope=\"col\">model</th>\($columns | map("<th scope=\"col\">\(.title | text) <small>\(.unit | text)</small></th>") | join(""))</tr></thead><tbody>",
    (range($columns[0].rows | length) as $i
        | "<tr><th scope=\"row\">\($columns[0].rows[$i] | "\(.lane | named)\(if .standing then "<small class=\"standing\">\(.standing | text)</small>" else "" end)")</th>"
          + ($columns | map(. as $c | ([.rows[].spread.median // 0] | max) as $most
              | receipt_cell(.rows[$i]; $most; $c.format; "\($c.title), \($c.unit)")) | join("")) + "</tr>"),
    "</tbody></table></div>";

# A table of every value of an experiment's axis.
def axis_table($experiment):
    . as $summary
    | "<h3>\($experiment.question | text)</h3><p class=\"soft\">\($experiment.setup | text), \(
        if $experiment.compared_by == "wall_s" then "from process start to exit" else "from the gate to the last record" end)\(
        if any($summary.cells[]; .experiment == $experiment.name and .p99_s != null)
        then "; at a rate: from the due time, which 99 % of the answers keep to" else "" end).</p>",
    "<dl class=\"values\">",
    ($summary | values_of($experiment.name)[] as $value
        | $summary | answer($experiment.name; $value)
        | "<div><dt>\(if $value == null then "all" else "\($experiment.axis | text) \($value | text)" end)</dt><dd>\(sentence)</dd></div>"),
    "</dl>",
    ([$summary.sentences[]? | select(.experiment == $experiment.name and (.about == "small" or .about == "tasks")) | .text]
        | if length == 0 then empty else "<ul>", (.[] | "<li>\(text)</li>"), "</ul>" end),
    ([$summary.sentences[]? | select(.experiment == $experiment.name and (.about == "crossover" or .about == "slope")) | .text]
        | if length == 0 then empty else
            "<details><summary>Where the winner changes, and what one more costs</summary><ul>", (.[] | "<li>\(text)</li>"), "</ul></details>" end);

# For a screen that is too narrow for the table: who pays least and most of what.
def extremes($columns):
    "<ul class=\"extremes\" aria-label=\"Least and most\">",
    ($columns[] | . as $c | [.rows[] | select(.spread.median != null)] | sort_by(.spread.median)
        | select(length > 1 and .[0].spread.median < .[-1].spread.median)
        | "<li><b>\($c.title | capital | text)</b> \(.[0] | "\(.lane | named) \(.spread.median | formatted($c.format))") to \(.[-1] | "\(.lane | named) \(.spread.median | formatted($c.format))")</li>"),
    "</ul>";

def how_sure($experiment; $answer):
    . as $summary
    | ([$answer.lanes[].time | select(. != null)] | .[0]) as $spread
    | ([$answer.lanes[].relation.p | select(. != null)] | max) as $p
    | "<p class=\"soft\">How sure: medians of \($spread.rounds | text) interleaved rounds, in small print their exact intervals (coverage \($spread.coverage | percent)). A difference counts when the signed-rank test says so after Holm's correction (p at most 0.05) and it is larger than the noise floor, by which the same model measured twice differs: "
      + (if $answer.floor then "\($answer.floor - 1 | percent) here." else "not measured here." end)
      + "</p>";

# Two builds in the same rounds: which lanes differ between them, each in its sentence, and how many do not.
def builds_section($base):
    [.pairs[] | select(.family == "builds")] as $pairs
    | if ($pairs | length) == 0 then empty else
      ($pairs | map(select(.verdict == "faster" or .verdict == "slower"))) as $differ
      | ($pairs | map(select(.verdict == "no difference seen")) | length) as $alike
      | "<section id=\"builds\" aria-labelledby=\"builds-title\"><h2 id=\"builds-title\">This build and the other</h2>",
        "<p>“(BASE)” is \(if $base then "commit <code>\($base.commit[0:12] | text)</code>" else "another build" end), run in the same rounds and held against the lane of its name alone. \($differ | length) of \($pairs | length) comparisons differ; in \($alike) no difference was seen.</p>",
        (if ($differ | length) == 0 then empty else "<ul>", ($differ[] | "<li>\(.experiment | text): \(.sentence | text)</li>"), "</ul>" end),
        "<details><summary>The others</summary><ul>", ($pairs[] | select(.verdict != "faster" and .verdict != "slower")
            | "<li>\(.experiment | text): \(.sentence | text)</li>"), "</ul></details></section>" end;

def answer_section($bill):
    . as $summary
    | main_experiment as $experiment
    | "<section id=\"answer\" aria-labelledby=\"answer-title\"><h2 id=\"answer-title\">The answer</h2>",
    (if $experiment == null then "<p class=\"lead\">Nothing was timed in this result.</p>" else
        main_value($experiment.name) as $value
        | answer($experiment.name; $value) as $answer
        | "<p class=\"lead\">\($answer | sentence)</p>",
          "<p class=\"soft\">\($experiment.setup | text)\(if $value == null then "" else ", at \($experiment.axis | text) \($value | text)" end).</p>",
          (if ($answer.lanes | length) > 0 then
              (receipts($answer; $bill) | extremes(.), receipt_table(.; "What each model pays")), ($summary | how_sure($experiment; $answer))
           else empty end)
     end),
    (if $summary.complete then empty else
        "<p class=\"warning\">This run was stopped: \($summary.visits_made | text) of \($summary.visits_planned | text) visits were made.</p>" end),
    ([$summary.cells[] | select(.verdict == "invalid")] | length | if . == 0 then empty else
        "<p class=\"warning\">\(.) of \($summary.cells | length) cells are invalid and stand in no figure: <a href=\"#ledger\">the ledger says why</a>.</p>" end),
    ($summary.notes[]? | "<p class=\"soft\">\(text)</p>"),
    ($summary.experiments[] | select(.name != $experiment.name)
        | select(.name as $name | $summary | values_of($name) | length > 0) | . as $e | $summary | axis_table($e)),
    "</section>";
