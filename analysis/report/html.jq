# html.jq: small functions that the parts of the page share. Every text that comes from a result goes
# through `text`, so that nothing in it can become markup.

def text: if . == null then "–" else tostring | @html end;

# Three significant digits, never as an exponent.
def figure:
    if . == null then "–"
    elif . == 0 then "0"
    elif fabs >= 100 then round | tostring
    else (2 - (fabs | log10 | floor)) as $digits
        | if $digits > 9 then "0"
          else pow(10; $digits) as $scale | (. * $scale | round) as $whole | $whole / $scale
            # Below that jq would write an exponent.
            | if fabs >= 1e-4 then tostring
              else ($whole | fabs | tostring) as $figures
                | (if . < 0 then "-" else "" end) + "0." + "0" * ($digits - ($figures | length)) + $figures | sub("0+$"; "") end
          end
    end;
def seconds:
    if . == null then "–"
    elif fabs >= 1 then "\(figure) s"
    elif fabs >= 1e-3 then "\(. * 1e3 | figure) ms"
    else "\(. * 1e6 | figure) µs" end;
def milliseconds: if . == null then "–" else . / 1e3 | seconds end;
def kibibytes: if . == null then "–" elif . >= 1024 then "\(. / 1024 | figure) MiB" else "\(figure) KiB" end;
def times: if . == null then "–" else "\(figure)×" end;
def percent: if . == null then "–" else "\(. * 100 | figure) %" end;
def per_second: if . == null then "–" else "\(figure)/s" end;

# "a", "a and b", "a, b and c".
def listed:
    if length < 2 then .[0] // ""
    else (.[:-1] | join(", ")) + " and " + .[-1] end;

def capital: .[:1] as $first | ($first | ascii_upcase) + .[1:];

# A model's own name within a lane's, which decides its colour; "other" where there is none.
def colour_of:
    . as $lane
    | ["sequential", "processes", "threads", "async", "hybrid", "coroutines"]
    | map(select(. as $model | $lane | startswith($model))) | .[0] // "other";
def named: "<span class=\"swatch \(colour_of)\"></span>\(text)";

# CSV of names without commas or quotes (a plan refuses others), as objects; "" is unknown.
def csv($name):
    if . == "" or endswith("\n") then . else error("data/\($name).csv is cut off: its last line has no end") end
    | [split("\n")[] | rtrimstr("\r") | select(. != "") | split(",")]
    | .[0] as $names
    | .[1:] | map(
        if length == ($names | length) then . else
            error("data/\($name).csv: \(length) figures in the line \(join(",")), where its head has \($names | length) names") end
        | [., $names] | transpose | map({key: .[1], value: (if .[0] == "" then null else .[0] end)}) | from_entries);
