# sections.jq: the charts, what the models read and cost like, the ledger, the machine.
include "html";
include "answer";

# Charts as images, so that no text in them can become part of the page; in both themes, one shown.
def chart_section($charts):
    if ($charts | length) == 0 then empty else
    "<section id=\"charts\" aria-labelledby=\"charts-title\"><h2 id=\"charts-title\">The charts</h2>",
    ($charts[] | .name as $name | (.data | csv($name)) as $rows
        | "<figure id=\"chart-\(.name | text)\"><div class=\"chart wide\" tabindex=\"0\" role=\"region\" aria-label=\"Chart: \(.question | text)\">",
          "<img class=\"on-light\" alt=\"Chart \(.name | text): \(.question | text) The figures follow as a table.\" src=\"data:image/svg+xml;base64,\(.light | @base64)\">",
          (if .dark != "" then "<img class=\"on-dark\" alt=\"Chart \(.name | text): \(.question | text) The figures follow as a table.\" src=\"data:image/svg+xml;base64,\(.dark | @base64)\">" else empty end),
          "</div><figcaption>\(.question | text)</figcaption>",
          (if ($rows | length) == 0 then empty else
            "<details><summary>The \($rows | length) rows that it draws</summary><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Data of \(.name | text)\"><table>",
            (.data | split("\n")[0] | split(",")) as $names
            | "<thead><tr>\($names | map("<th scope=\"col\">\(text)</th>") | join(""))</tr></thead><tbody>",
              ($rows[] as $row | "<tr>\($names | map("<td>\($row[.] | text)</td>") | join(""))</tr>"),
              "</tbody></table></div></details>" end),
          "</figure>"),
    "</section>" end;

# Where rate and p99 are taken from: the experiment along the concurrency, at the value at which most
# models that can have many in flight are valid, the largest such; sequential as far as it goes.
def rate_cells:
    . as $summary
    | ([.experiments[] | select(.axis == "concurrency")] + [main_experiment // empty]) | .[0] as $e
    | if $e == null then {cells: []} else
        def all: $summary | values_of($e.name)[] as $value | timed_cells($e.name; $value)[];
        ([all | select(.model != "sequential")] | group_by(.value) | max_by([length, .[0].value]) // []) as $cells
        | {experiment: $e, value: $cells[0].value,
           cells: ($cells + ([all | select(.model == "sequential")] | sort_by(.value) | .[-1:]))} end;

# One model: its lines and branches by sources, its rate and p99 by the cells.
def models_section($sources; $p99):
    . as $summary | rate_cells as $rates
    | if ($sources | length) == 0 then empty else
      ($sources | map(.model)) as $models
      | def cell_of($model): [$rates.cells[] | select(.model == $model)] | .[0];
        def one($value): if $value == null then null else {median: $value, low: null, high: null} end;
      [ {title: "lines", unit: "of code, own file", format: "figure", rows: [$sources[] | {lane: .model, spread: one(.own.lines)}]},
        {title: "branches", unit: "own file", format: "figure", rows: [$sources[] | {lane: .model, spread: one(.own.branches)}]},
        {title: "lines", unit: "with all it alone is built from", format: "figure", rows: [$sources[] | {lane: .model, spread: one(.all.lines)}]},
        {title: "branches", unit: "with all of it", format: "figure", rows: [$sources[] | {lane: .model, spread: one(.all.branches)}]},
        {title: "rate", unit: "fetches a second", format: "per_second", rows: [$sources[] | {lane: .model, spread: (cell_of(.model).fetches_per_s)}]},
        {title: "p99", unit: (if $p99.open then "open loop, from the due time" else "one fetch, closed loop" end), format: "milliseconds",
         rows: [$sources[] | {lane: .model, spread: $p99.models[.model]}]} ] as $columns
      | "<section id=\"models\" aria-labelledby=\"models-title\"><h2 id=\"models-title\">Readable, fast, prompt: pick two?</h2>",
        "<p>It is said that of readability, throughput and latency one gets two. Here are a measure of each, side by side. Whether lines and branches measure readability is yours to say: this is a picture, not a verdict. The sources stand below it.</p>",
        receipt_table($columns; "Readability, throughput, latency: less is better but for the rate"),
        "<p class=\"soft\">A line of code holds more than blanks and comment. A branch is each <code>if</code>, <code>for</code>, <code>while</code>, <code>case</code>, <code>?</code>, <code>&amp;&amp;</code> and <code>||</code> outside of comments and strings. “All it alone is built from” are the files that the Makefile lists for the model; the driver, the transfer and libcurl are equal for all and not counted"
        + (if $rates.experiment then ". Rate: \($rates.experiment.setup | text)\(if $rates.value == null then "" else ", at \($rates.experiment.axis | text) \($rates.value | text)" end)" else "" end)
        + (if $p99.open then "; p99: \($p99.open | text)" else "; in a closed loop the p99 says more of the load than of the model" end)
        + ".</p>",
        ($sources[] | "<details class=\"source\"><summary>\(.model | named) <span class=\"soft\">\(.path | text), \(.own.lines | text) lines of code, \(.own.branches | text) branches</span></summary>",
            (if (.others | length) > 0 then "<p class=\"soft\">Also built from \(.others | map("<code>\(text)</code>") | listed).</p>" else empty end),
            "<pre tabindex=\"0\"><code>\(.text | text)</code></pre></details>"),
        "</section>" end;

def bytes_words: if . == null then "–" elif . >= 1048576 then "\(. / 1048576 | figure) MiB" elif . >= 1024 then "\(. / 1024 | figure) KiB" else "\(.) B" end;

def ledger_section:
    . as $summary
    | "<section id=\"ledger\" aria-labelledby=\"ledger-title\"><h2 id=\"ledger-title\">The ledger</h2>",
      "<p>Every cell, planned and seen. A cell whose proof failed has a reason and stands in no chart.</p>",
      "<ul class=\"tally\">", ([.cells[].verdict] | group_by(.) | map("<li><b>\(length)</b> \(.[0] | text)</li>") | .[]), "</ul>",
      (.experiments[] | . as $e
        | "<details\(if any($summary.cells[]; .experiment == $e.name and .verdict != "valid") then " open" else "" end)><summary>\($e.name | text) <span class=\"soft\">\($e.question | text)</span></summary>",
          "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Ledger of \($e.name | text)\"><table class=\"ledger\"><thead><tr>"
          + (["lane", "value", "verdict", "in flight planned", "by records", "by origin", "connections planned", "seen", "bytes", "digest", "failed", "workers made", "lost", "bounded by"]
              | map("<th scope=\"col\">\(.)</th>") | join("")) + "</tr></thead><tbody>",
          ($summary.cells[] | select(.experiment == $e.name)
            | "<tr class=\"\(.verdict | gsub("[^a-z]"; "-"))\"><th scope=\"row\">\(.lane | named)</th><td>\(.value | text)</td><td class=\"verdict\">\(.verdict | text)</td>"
              + "<td>\(.planned.concurrency | text)</td><td>\(.seen.in_flight | text)</td><td>\(if .seen.origin_in_flight_judged == false and .seen.origin_in_flight_mean != null then "(\(.seen.origin_in_flight_mean | figure))" else .seen.origin_in_flight | text end)</td>"
              + "<td>\(.planned.connections | text)</td><td>\(.seen.connections | text)</td><td>\(.seen.bytes | bytes_words)</td><td>\(.seen.digest // "–" | .[0:8] | text)</td><td>\(.seen.failed | text)</td>"
              + "<td>\(.workers.made | text)</td><td>\(.workers.lost | text)</td><td>\(.bounded_by | text)</td></tr>"
              + (if (.reasons | length) > 0 then "<tr class=\"reason\"><td></td><td colspan=\"13\">\(.reasons[0:3] | map(text) | join("<br>"))\(if (.reasons | length) > 3 then "<br>and \((.reasons | length) - 3) more in summary.json" else "" end)</td></tr>" else "" end)),
          "</tbody></table></div></details>"),
      "<p class=\"soft\">By origin: the peak of requests that it held at once, or in brackets the mean, where the delay is too short for the peak to be judged. Digest: its first eight figures, where all rounds have one.</p>",
      "</section>";

# metadata.json as nested lists; long ones folded.
def facts:
    if type == "object" then
        "<dl>", (to_entries[] | "<div><dt>\(.key | gsub("_"; " ") | text)</dt><dd>", (.value | facts), "</dd></div>"), "</dl>"
    elif type == "array" then "<ul>", (.[] | "<li>", facts, "</li>"), "</ul>"
    else text end;

def environment_section($metadata):
    "<section id=\"environment\" aria-labelledby=\"environment-title\"><h2 id=\"environment-title\">The machine, and what was run</h2>",
    ($metadata | {cpu: .machine.cpu, processors: .machine.processors_allowed, "client on": .placement.client,
        "origin on": .placement.origin, kernel: .machine.kernel, libcurl: .versions.libcurl, compiler: .versions.compiler,
        flags: .build.flags, commit: (if .commit then .commit + (if .dirty then " and changes not committed" else "" end) else null end),
        profile: .profile, seed: .seed, began: .started_at, ended: .ended_at, urls: .urls} | facts),
    "<details><summary>All of metadata.json</summary>", ($metadata | facts), "</details>",
    "<h3>What this page does not say</h3><p>One client core unless the chart says otherwise; loopback, without loss; everything through libcurl, whose blocking call is itself a poll loop; a closed loop, in which a batch waits for its own answers; the origin on the same host.</p>",
    "</section>";
