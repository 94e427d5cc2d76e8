# peers.gp: the models beside what else does the same job: a row each, a point where its median is, on a
# logarithmic scale of time; one column without delay, one with.
#
# Redraw: gnuplot peers.gp   (reads ../data/peers.csv; theme.gp says what else can be set)
# Data:   peer,kind,delay_s,median_s,low_s,high_s,valid and others   an empty field is unknown

chart = 'peers'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

# Read. ------------------------------------------------------------------------

columns = 'peer kind delay_s median_s low_s high_s valid'
eval open_data
array peer[lines]; array kind[lines]; array delay[lines]
array median[lines]; array low[lines]; array high[lines]; array drawn[lines]
n = 0
row(x) = (n = n + 1, peer[n] = text('peer'), kind[n] = text('kind'), delay[n] = amount('delay_s'), \
    median[n] = amount('median_s'), low[n] = amount('low_s'), high[n] = amount('high_s'), \
    drawn[n] = yes('valid') && known_value(median[n]), 0)
stats data using (row(0)) nooutput

# The columns: the shortest and the longest delay there are.
least = NaN; most = NaN
do for [i = 1:n] {
    if (!(delay[i] >= least)) { least = delay[i] }
    if (!(delay[i] <= most)) { most = delay[i] }
}
panels = least < most ? 2 : 1
delay_of(p) = p == 1 ? least : most

# The rows: each name once, the fastest of the first column on top, then what has no point there.
array name[n]; array place[n]
rows = 0
do for [i = 1:n] {
    there = 0
    do for [k = 1:rows] { if (name[k] eq peer[i]) { there = k } }
    if (!there) { rows = rows + 1; there = rows; name[rows] = peer[i]; place[rows] = 1e9 + rows }
    if (drawn[i] && delay[i] == least) { place[there] = median[i] }
}
array order[rows]
do for [k = 1:rows] { order[k] = k }
do for [a = 1:rows] { do for [b = 1:rows - 1] {
    if (place[order[b]] > place[order[b + 1]]) {
        swap = order[b]; order[b] = order[b + 1]; order[b + 1] = swap
    }
} }

# Lay out. ------------------------------------------------------------------------

left = 560; right = 1860; top = 236; bottom = 884; gutter = 70
wide = (right - left - gutter * (panels - 1)) / panels
pitch = (bottom - top) / rows
type = pitch * 0.72 < small_size ? pitch * 0.72 : small_size
side(p) = left + (p - 1) * (wide + gutter)
# Room behind a point for its figure.
figures = 200
array first_decade[2]; array last_decade[2]
do for [p = 1:panels] {
    shortest = NaN; longest = NaN
    do for [i = 1:n] {
        if (drawn[i] && delay[i] == delay_of(p)) {
            if (!(median[i] >= shortest)) { shortest = known_value(low[i]) ? low[i] : median[i] }
            if (!(median[i] <= longest)) { longest = known_value(high[i]) ? high[i] : median[i] }
        }
    }
    first_decade[p] = known_value(shortest) ? log10(shortest) - 0.12 : -1
    last_decade[p] = known_value(longest) ? log10(longest) + 0.05 : 1
    if (last_decade[p] - first_decade[p] < 1) { last_decade[p] = first_decade[p] + 1 }
}
at_px(p, t) = side(p) + (log10(t) - first_decade[p]) / (last_decade[p] - first_decade[p]) * (wide - figures)

set lmargin at screen px(left); set rmargin at screen px(right)
set tmargin at screen py(top);  set bmargin at screen py(bottom)
set xrange [0:1]; set yrange [0:1]
unset xtics; unset ytics

do for [p = 1:panels] {
    set label ''.bold(delay_of(p) > 0 ? sprintf(peers_delay, seconds(delay_of(p))) : peers_no_delay) \
        at screen px(side(p)),py(top - 40) left front font ''.size_of(label_size) textcolor rgb ink
    # Tenfold steps, and twice and five times as much where there is room.
    room = (wide - figures) / (last_decade[p] - first_decade[p])
    do for [decade = int(floor(first_decade[p])):int(floor(last_decade[p]))] {
        do for [step in '1 2 5'] {
            x = at_px(p, real(step) * 10**decade)
            if (x >= side(p) && x <= side(p) + wide && (step eq '1' || room > 260)) {
                set arrow from screen px(x),py(top - 10) to screen px(x),py(bottom) nohead back \
                    lc rgb rule lw (step eq '1' ? 3 : 1)
                set label ''.tick(real(step) * 10**decade) at screen px(x),py(bottom + 24) center @NOTE
            }
        }
    }
}
set label peers_axis at screen px(left),py(bottom + 60) left @NOTE

# Draw, a row each. -----------------------------------------------------------------

do for [r = 1:rows] {
    k = order[r]; y = top + (r - 0.5) * pitch
    ours = base(name[k]) ne ''
    set label ''.(ours ? bold(said(name[k])) : literal(name[k])) at screen px(left - 24),py(y) right front \
        font ''.size_of(fitting(name[k], type * 1.1, left - 70) / 1.1) textcolor rgb ink
    set arrow from screen px(left - 12),py(y) to screen px(right),py(y) nohead back lc rgb track lw 2
    do for [p = 1:panels] {
        found = 0
        do for [i = 1:n] { if (peer[i] eq name[k] && delay[i] == delay_of(p)) { found = i } }
        if (found > 0 && drawn[found]) {
            x = at_px(p, median[found]); end = x
            if (known_value(low[found]) && known_value(high[found])) {
                end = at_px(p, high[found])
                set arrow from screen px(at_px(p, low[found])),py(y) to screen px(end),py(y) nohead front \
                    lc rgb colour(name[k]) lw 6
            }
            set label '' at screen px(x),py(y) point pt filled(name[k]) \
                ps point_size(name[k]) * 0.55 lc rgb colour(name[k]) front
            set label ''.seconds(median[found]) at screen px((end > x ? end : x) + 18),py(y) left noenhanced front \
                font ''.size_of(type) textcolor rgb ink
        } else {
            said_why = found > 0 && kind[found] ne 'predicted' ? w_invalid : w_not_run
            set label ''.said_why at screen px(side(p) + 16),py(y) left noenhanced front \
                font ''.size_of(type) textcolor rgb soft
        }
    }
}

question = peers_question
note = peers_note
if (!exists('caption')) { caption = peers_limits }
eval page
plot NaN notitle
set output
