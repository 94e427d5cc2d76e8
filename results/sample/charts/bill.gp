# bill.gp: the same work, a receipt each: time, processor, context switches, start-up and memory of all models
# side by side.
#
# Redraw: gnuplot bill.gp   (reads ../data/bill.csv; theme.gp says what else can be set)
# Data:   model,time_s,cpu_us_per_fetch,switches_per_fetch,spawn_s,memory_kib_per_worker   an empty field is
#         unknown. Each may have its interval in columns of its name with _low and _high; `valid` 0 is no bar.

chart = 'bill'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

# Read. ------------------------------------------------------------------------

columns = 'model time_s cpu_us_per_fetch switches_per_fetch spawn_s memory_kib_per_worker'
eval open_data
items = 5
array model[lines]; array invalid[lines]
array paid[lines * items]; array low[lines * items]; array high[lines * items]
n = 0
end_of(c, side) = has(c . side) ? amount(c . side) : NaN
item(i, c) = (paid[i] = amount(c), low[i] = end_of(c, '_low'), high[i] = end_of(c, '_high'))
row(x) = (n = n + 1, model[n] = text('model'), invalid[n] = no('valid'), \
    item(items * (n - 1) + 1, word(columns, 2)), item(items * (n - 1) + 2, word(columns, 3)), \
    item(items * (n - 1) + 3, word(columns, 4)), item(items * (n - 1) + 4, word(columns, 5)), \
    item(items * (n - 1) + 5, word(columns, 6)), 0)
stats data using (row(0)) nooutput

# As the reader knows the unit best.
kibibytes(v) = v >= 1024 ? figure_of(v / 1024.) . ' MiB' : figure_of(v) . ' KiB'
said_amount(item, v) = item == 1 || item == 4 ? seconds(v) : item == 2 ? seconds(v / 1e6) \
    : item == 3 ? number(v) : kibibytes(v)
array head[items]; array unit[items]; array most[items]
head[1] = bill_time; head[2] = bill_cpu; head[3] = bill_switches; head[4] = bill_spawn; head[5] = bill_memory
unit[1] = bill_time_unit; unit[2] = bill_cpu_unit; unit[3] = bill_switches_unit
unit[4] = bill_spawn_unit; unit[5] = bill_memory_unit
do for [c = 1:items] {
    most[c] = 0
    do for [i = 1:n] {
        at = items * (i - 1) + c
        if (!invalid[i] && known_value(paid[at]) && paid[at] > most[c]) { most[c] = paid[at] }
        if (!invalid[i] && known_value(high[at]) && high[at] > most[c]) { most[c] = high[at] }
    }
}

# Lay out. -----------------------------------------------------------------------

left = 310; right = 1880; top = 284; bottom = 896
column = (right - left) / items
room = column - 34
pitch = (bottom - top) / n
thick = pitch * 0.36 > 50 ? 50 : pitch * 0.36
figure_size = pitch * 0.3 < value_size ? pitch * 0.3 : value_size
middle(i) = top + (i - 0.5) * pitch
column_left(c) = left + (c - 1.) * column
bar_right(c, v) = column_left(c) + (most[c] > 0 && v > 0 ? v / most[c] * room : 0)
set lmargin at screen 0; set rmargin at screen 1; set tmargin at screen 1; set bmargin at screen 0
set xrange [0:1]; set yrange [0:1]
unset xtics; unset ytics

do for [c = 1:items] {
    set label ''.bold(head[c]) at screen px(column_left(c)),py(204) left front \
        font ''.size_of(fitting(head[c], label_size * 1.12, room) / 1.12) textcolor rgb ink
    set label ''.unit[c] at screen px(column_left(c)),py(242) left noenhanced front \
        font ''.size_of(fitting(unit[c], small_size - 2, column - 16)) textcolor rgb soft
    set arrow from screen px(column_left(c)),py(top - 10) to screen px(column_left(c)),py(bottom) nohead back \
        lc rgb rule lw 3
}
set label bill_axis at screen px(left),py(936) left noenhanced front \
    font ''.size_of(fitting(bill_axis, small_size + 2, right - left)) textcolor rgb ink

# Draw, a row a model. ----------------------------------------------------------------

do for [i = 1:n] {
    y = middle(i)
    set label ''.bold(said(model[i])) at screen px(left - 24),py(y) right front \
        font ''.size_of(fitting(said(model[i]), name_size * 1.1, left - 60) / 1.1) textcolor rgb ink
    if (invalid[i]) {
        set label w_invalid at screen px(left + 16),py(y) left @ASIDE
    } else {
        do for [c = 1:items] {
            at = items * (i - 1) + c
            over = y + pitch * 0.04; under = over + thick
            if (known_value(paid[at])) {
                set object rectangle from screen px(column_left(c)),py(under) to screen px(bar_right(c, paid[at])),py(over) \
                    front fc rgb colour(model[i])
                set label ''.bold(said_amount(c, paid[at])) at screen px(column_left(c) + 6),py(over - figure_size * 0.62) \
                    left front font ''.size_of(figure_size) textcolor rgb ink
                if (known_value(low[at]) && known_value(high[at])) {
                    set arrow from screen px(bar_right(c, low[at])),py((over + under) / 2) \
                        to screen px(bar_right(c, high[at])),py((over + under) / 2) nohead front lc rgb ink lw 4
                    set arrow from screen px(bar_right(c, low[at])),py(over + thick * 0.25) \
                        to screen px(bar_right(c, low[at])),py(under - thick * 0.25) nohead front lc rgb ink lw 4
                    set arrow from screen px(bar_right(c, high[at])),py(over + thick * 0.25) \
                        to screen px(bar_right(c, high[at])),py(under - thick * 0.25) nohead front lc rgb ink lw 4
                }
            } else {
                set label bill_unknown at screen px(column_left(c) + 10),py(y) left @FINE
            }
        }
    }
}

question = bill_question
note = bill_note
eval page
plot NaN notitle
set output
