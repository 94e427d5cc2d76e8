# cpu-mix.gp: the same waits with more and more work on each answer, a line a model.
#
# Redraw: gnuplot cpu-mix.gp   (reads ../data/cpu-mix.csv; theme.gp says what else can be set)
# Data:   model,passes,cpu_s_per_answer,median_s,low_s,high_s,valid   steps of work in the order of the data

chart = 'cpu-mix'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

# Read. ------------------------------------------------------------------------

columns = 'model passes cpu_s_per_answer median_s low_s high_s valid'
eval open_data
array model[lines]; array passes[lines]; array work[lines]
array median[lines]; array low[lines]; array high[lines]; array drawn[lines]
n = 0
row(x) = (n = n + 1, model[n] = text('model'), passes[n] = amount('passes'), work[n] = amount('cpu_s_per_answer'), \
    median[n] = amount('median_s'), low[n] = amount('low_s'), high[n] = amount('high_s'), \
    drawn[n] = yes('valid') && known_value(median[n]), 0)
stats data using (row(0)) nooutput

# The steps of work, as a loop pays them, and the models; a model measured again is left to the tables.
array step[n]; array step_work[n]; array name[n]; array step_invalid[n]
steps = 0; most_invalid = 0; models = 0; shortest = NaN; longest = NaN
do for [i = 1:n] {
    there = 0
    do for [k = 1:steps] { if (step[k] == passes[i]) { there = k } }
    if (!there) { steps = steps + 1; there = steps; step[there] = passes[i]; step_work[there] = work[i]; step_invalid[there] = 0 }
    if (!drawn[i] && !again(model[i])) {
        step_invalid[there] = step_invalid[there] + 1
        if (step_invalid[there] > most_invalid) { most_invalid = step_invalid[there] }
    }
    if (model[i] eq 'async' && known_value(work[i])) { step_work[there] = work[i] }
    there = again(model[i])
    do for [k = 1:models] { if (name[k] eq model[i]) { there = 1 } }
    if (!there) { models = models + 1; name[models] = model[i] }
    if (drawn[i] && !(median[i] >= shortest)) { shortest = median[i] }
    if (drawn[i] && !(median[i] <= longest)) { longest = median[i] }
}
if (!known_value(shortest)) { shortest = 0.1; longest = 1 }

# Lay out. -----------------------------------------------------------------------

left = 230; right = 1560; top = 236; bottom = 850
from_log = log10(shortest) - 0.1; span_log = log10(longest) + 0.1 - from_log
# Below the scale, what is invalid is told.
room = most_invalid == 0 ? 0 : most_invalid < 8 ? 30 * most_invalid + 40 : 280
from_log = from_log - span_log * room / (bottom - top - room); span_log = log10(longest) + 0.1 - from_log
x_of(k) = left + 60 + (k - 1) * (right - left - 120) / (steps > 1 ? steps - 1. : 1.)
y_of(v) = bottom - (log10(v) - from_log) / span_log * (bottom - top)
set lmargin at screen 0; set rmargin at screen 1; set tmargin at screen 1; set bmargin at screen 0
set xrange [0:1]; set yrange [0:1]
unset xtics; unset ytics
ticks = span_log < 1.2 ? '1 2 3 5 7' : '1 2 5'
do for [decade = int(floor(from_log)):int(ceil(from_log + span_log))] { do for [t in ticks] {
    v = real(t) * 10**decade
    if (y_of(v) <= bottom - room && y_of(v) >= top) {
        set arrow from screen px(left),py(y_of(v)) to screen px(right),py(y_of(v)) nohead back lc rgb rule lw 2
        set label ''.seconds(v) at screen px(left - 18),py(y_of(v)) right @TICK
    }
} }
do for [k = 1:steps] {
    set arrow from screen px(x_of(k)),py(top) to screen px(x_of(k)),py(bottom) nohead back lc rgb rule lw 1
    set label ''.(known_value(step_work[k]) ? seconds(step_work[k]) : '') at screen px(x_of(k)),py(bottom + tick_gap) \
        center @TICK
}
set label mix_x at screen px(left),py(bottom + axis_gap + 8) left noenhanced front \
    font ''.size_of(fitting(mix_x, label_size, 1640)) textcolor rgb ink
set label mix_y at screen px(page_left),py(190) left @AXIS

# Draw: a line a model, broken where a cell is not valid, and the names at the ends. -----------------------

array label_y[models]
do for [k = 1:steps] { step_invalid[k] = 0 }
do for [m = 1:models] {
    before = 0; label_y[m] = bottom + 10 * m
    do for [k = 1:steps] {
        found = 0
        do for [i = 1:n] { if (model[i] eq name[m] && passes[i] == step[k]) { found = i } }
        if (found > 0 && drawn[found > 0 ? found : 1]) {
            x = x_of(k); y = y_of(median[found])
            if (before > 0) {
                set arrow from screen px(x_of(k - 1)),py(y_of(median[before])) to screen px(x),py(y) nohead front \
                    lc rgb colour(name[m]) lw 5
            }
            if (known_value(low[found]) && known_value(high[found])) {
                set arrow from screen px(x),py(y_of(low[found])) to screen px(x),py(y_of(high[found])) nohead front \
                    lc rgb ink lw 3
            }
            set label '' at screen px(x),py(y) front point pt filled(name[m]) ps point_size(name[m]) lc rgb colour(name[m])
            label_y[m] = y
        } else {
            if (found > 0) {
                word = said(name[m]) . ': ' . w_invalid
                y = bottom - 20 - 30 * step_invalid[k]
                # Behind the last step stand the names.
                if (k == steps) {
                    set label ''.word at screen px(right - 34),py(y) right @FINE
                } else {
                    set label ''.word at screen px(x_of(k)),py(y) center @FINE
                }
                step_invalid[k] = step_invalid[k] + 1
            }
        }
        before = found > 0 && drawn[found > 0 ? found : 1] ? found : 0
    }
}
apart = 48
eval push_apart
do for [m = 1:models] {
    set label ''.bold(said(name[m])) at screen px(right + 14),py(label_y[m]) left front \
        font ''.size_of(fitting(said(name[m]), value_size, 320)) textcolor rgb ink
    set label '' at screen px(right - 8),py(label_y[m]) front point pt filled(name[m]) ps point_size(name[m]) * 0.7 \
        lc rgb colour(name[m])
}

question = mix_question
note = mix_note
eval page
plot NaN notitle
set output
