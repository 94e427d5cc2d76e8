# total-time.gp: all models at one number of URLs: a bar each with the interval of its median, start-up
# stacked in it, and the ideal line.
#
# Redraw: gnuplot total-time.gp   (reads ../data/total-time.csv; theme.gp says what else can be set)
# Data:   model,median_s,low_s,high_s,spawn_s,ideal_s,rounds,valid   an empty field is unknown

chart = 'total-time'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

# Read. ------------------------------------------------------------------------

columns = 'model median_s low_s high_s spawn_s ideal_s rounds valid'
eval open_data
array model[lines]; array median[lines]; array low[lines]; array high[lines]
array spawn[lines]; array ideal[lines]; array rounds[lines]; array drawn[lines]
n = 0
row(x) = (n = n + 1, model[n] = text('model'), median[n] = amount('median_s'), low[n] = amount('low_s'), \
    high[n] = amount('high_s'), spawn[n] = amount('spawn_s'), ideal[n] = amount('ideal_s'), \
    rounds[n] = amount('rounds'), drawn[n] = yes('valid') && known_value(median[n]), 0)
stats data using (row(0)) nooutput

# A bar more than four times as long as the next one would leave the others no room to be told apart:
# such bars run off the scale, cut open to show it, with their figure written on them.
longest = 0.; fewest_rounds = NaN; most_rounds = NaN
reach(i) = drawn[i] ? (known_value(high[i]) ? high[i] : median[i]) : 0
do for [i = 1:n] {
    if (reach(i) > longest) { longest = reach(i) }
    if (known_value(rounds[i]) && !(rounds[i] >= fewest_rounds)) { fewest_rounds = rounds[i] }
    if (known_value(rounds[i]) && !(rounds[i] <= most_rounds)) { most_rounds = rounds[i] }
}
cut = 0.
do for [i = 1:n] {
    next = NaN
    do for [k = 1:n] { if (reach(k) > reach(i) && !(reach(k) >= next)) { next = reach(k) } }
    if (reach(i) > cut && known_value(next) && next > 4 * reach(i)) { cut = reach(i) }
}
cut = cut > 0 ? cut : longest > 0 ? longest : 1

# Lay out. ------------------------------------------------------------------------

left = 330; right = 1870; top = 196; bottom = 868
time_end = cut * (n > 6 ? 1.7 : 1.46)
pitch = (bottom - top) / n
thick = pitch * 0.54 > 92 ? 92 : pitch * 0.54
seconds_of(pixels) = pixels * time_end / (right - left)
width_px(t) = t / time_end * (right - left)
middle(i) = top + (i - 0.44) * pitch

set lmargin at screen px(left); set rmargin at screen px(right)
set tmargin at screen py(top);  set bmargin at screen py(bottom)
set xrange [0:time_end]; set yrange [0:1]
unset xtics; unset ytics
step = step_of(time_end, 6)
do for [i = 0:int(time_end / step)] {
    set label ''.tick(i * step) at first i * step, screen py(bottom + tick_gap) center @TICK
    set arrow from first i * step, screen py(top) to first i * step, screen py(bottom) nohead back \
        lc rgb rule lw 2
}
set label total_axis at screen px(left),py(bottom + axis_gap) left @AXIS

# Differences that are no more than noise: from the fastest median so much further.
fastest = NaN
do for [i = 1:n] { if (drawn[i] && !(median[i] >= fastest)) { fastest = median[i] } }
if (known_value(noise_floor) && known_value(fastest)) {
    set object rectangle from first fastest, screen py(bottom) \
        to first fastest * (1 + noise_floor), screen py(top) behind fc rgb rule
    set label sprintf(total_noise, percent(noise_floor)) at first fastest, screen py(top - 18) left @FINE
}

# What was measured a second time is paler.
shade(m) = again(m) ? mix(colour(m), paper, 0.45) : colour(m)

# Draw, a row a model. ----------------------------------------------------------------

do for [i = 1:n] {
    m = middle(i); over = m - thick / 2; under = m + thick / 2
    if (again(model[i])) {
        set label ''.said(model[i]) at screen px(left - 24),py(m) right @ASIDE
    } else {
        set label ''.bold(said(model[i])) at screen px(left - 24),py(m) right front \
            font ''.size_of(fitting(said(model[i]), name_size * 1.1, left - 60) / 1.1) textcolor rgb ink
    }
    if (!drawn[i]) {
        set label ''.(known_value(median[i]) ? w_invalid : w_invalid . ', ' . w_not_run) \
            at first seconds_of(16), screen py(m) left noenhanced front \
            font ''.size_of(value_size) textcolor rgb soft
    } else {
        beyond = median[i] > time_end
        end = beyond ? time_end : median[i]
        set object rectangle from first 0, screen py(under) to first end, screen py(over) front \
            fc rgb shade(model[i])
        if (known_value(spawn[i])) {
            set object rectangle from first 0, screen py(under) to first spawn[i], screen py(over) front \
                fc rgb deep(model[i])
        }
        figure = seconds(median[i])
        detail = (known_value(low[i]) && known_value(high[i]) ? interval(low[i], high[i]) : '')
        started = known_value(spawn[i]) ? sprintf(total_of_it, seconds(spawn[i])) : ''
        detail = detail . (detail eq '' || started eq '' ? '' : ' · ') . started
        if (beyond) {
            # Two slanted cuts, and the figures on the bar before them.
            do for [c = 0:1] {
                x = time_end - seconds_of(120 - 34 * c); w = seconds_of(14); lean = seconds_of(22)
                set object polygon from first x, screen py(under + 4) to first x + lean, screen py(over - 4) \
                    to first x + lean + w, screen py(over - 4) to first x + w, screen py(under + 4) \
                        to first x, screen py(under + 4) \
                    front fillstyle solid 1.0 noborder fc rgb paper
            }
            at = time_end - seconds_of(150)
            if (thick > 80) {
                set label ''.bold(figure) . literal(' · ' . total_beyond) \
                    at first at, screen py(m - 18) right front \
                    font ''.size_of(value_size) textcolor rgb on(shade(model[i]))
                set label detail at first at, screen py(m + 22) right noenhanced front \
                    font ''.size_of(small_size) textcolor rgb on(shade(model[i]))
            } else {
                set label ''.bold(figure) . literal(' · ' . total_beyond . ' · ' . detail) \
                    at first at, screen py(m) right front \
                    font ''.size_of(thick * 0.5 < small_size ? thick * 0.5 \
                        : small_size) textcolor rgb on(shade(model[i]))
            }
        } else {
            if (known_value(low[i]) && known_value(high[i])) {
                set arrow from first low[i], screen py(m) to first high[i], screen py(m) nohead front \
                    lc rgb ink lw 4
                do for [edge in 'low high'] {
                    x = edge eq 'low' ? low[i] : high[i]
                    set arrow from first x, screen py(m - 18) to first x, screen py(m + 18) nohead front \
                        lc rgb ink lw 4
                }
            }
            at = (known_value(high[i]) ? high[i] : median[i]) + seconds_of(22)
            if (pitch > 96) {
                set label ''.bold(figure) at first at, screen py(m - 18) left front \
                    font ''.size_of(value_size) textcolor rgb ink
                set label detail at first at, screen py(m + 22) left @ASIDE
            } else {
                set label ''.bold(figure) . literal('   ' . detail) at first at, screen py(m) left front \
                    font ''.size_of(pitch * 0.36 < small_size ? pitch * 0.36 : small_size) textcolor rgb ink
            }
        }
    }
}

# The ideal: one dashed line for neighbours that share it, its figure above the first of them.
i = 1
while (i <= n) {
    last = i
    do for [k = i + 1:n] { if (last == k - 1 && ideal[k] == ideal[i]) { last = k } }
    if (known_value(ideal[i]) && ideal[i] <= time_end) {
        set arrow from first ideal[i], screen py(middle(i) - thick / 2 - 10) \
            to first ideal[i], screen py(middle(last) + thick / 2 + 10) \
            nohead front lc rgb ink lw 3 dashtype (10, 8)
        above = (pitch - thick) / 2 < 26 ? (pitch - thick) / 2 : 26
        set label sprintf(total_ideal, seconds(ideal[i])) \
            at first ideal[i], screen py(middle(i) - thick / 2 - above) center @NOTE
    }
    i = last + 1
}

question = total_question
said_rounds = fewest_rounds == most_rounds ? sprintf('%.0f', most_rounds) \
    : sprintf('%.0f–%.0f', fewest_rounds, most_rounds)
note = known_value(most_rounds) ? sprintf(total_note, said_rounds) : total_note_plain
eval page
plot NaN notitle
set output
