# switches-and-cpu.gp: the processor time of a fetch against its context switches, a point a model.
#
# Redraw: gnuplot switches-and-cpu.gp   (reads ../data/switches-and-cpu.csv; theme.gp says what else can be set)
# Data:   model,cpu_us_per_fetch,switches_per_fetch   and, if there, each one's interval in columns of its name
#         with _low and _high, and `valid`. (A bill.csv has the columns too.)

chart = 'switches-and-cpu'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

# Read. ------------------------------------------------------------------------

columns = 'model cpu_us_per_fetch switches_per_fetch'
eval open_data
array model[lines]; array cpu[lines]; array cpu_low[lines]; array cpu_high[lines]
array switches[lines]; array switches_low[lines]; array switches_high[lines]; array drawn[lines]
end_of(c, side) = has(c . side) ? amount(c . side) : NaN
n = 0
row(x) = (n = n + 1, model[n] = text('model'), cpu[n] = amount('cpu_us_per_fetch'), \
    switches[n] = amount('switches_per_fetch'), cpu_low[n] = end_of('cpu_us_per_fetch', '_low'), \
    cpu_high[n] = end_of('cpu_us_per_fetch', '_high'), switches_low[n] = end_of('switches_per_fetch', '_low'), \
    switches_high[n] = end_of('switches_per_fetch', '_high'), \
    drawn[n] = !no('valid') && known_value(cpu[n]) && known_value(switches[n]), 0)
stats data using (row(0)) nooutput

most_cpu = 0; most_switches = 0
do for [i = 1:n] {
    if (drawn[i]) {
        if (cpu[i] > most_cpu) { most_cpu = cpu[i] }
        if (cpu_high[i] > most_cpu) { most_cpu = cpu_high[i] }
        if (switches[i] > most_switches) { most_switches = switches[i] }
        if (switches_high[i] > most_switches) { most_switches = switches_high[i] }
    }
}
if (most_cpu <= 0) { most_cpu = 1 }
if (most_switches <= 0) { most_switches = 1 }

# Lay out. -----------------------------------------------------------------------

left = 190; right = 1870; top = 222; bottom = 862
set lmargin at screen px(left); set rmargin at screen px(right)
set tmargin at screen py(top);  set bmargin at screen py(bottom)
# Room at the right for the name of the rightmost.
x_end = most_switches * 1.28; y_end = most_cpu * 1.12
set xrange [0:x_end]; set yrange [0:y_end]
unset xtics; unset ytics
x_px(v) = left + (right - left) * v / x_end
y_px(v) = bottom - (bottom - top) * v / y_end
x_step = step_of(x_end, 9); y_step = step_of(y_end, 7)
do for [i = 0:int(x_end / x_step)] {
    set arrow from first i * x_step, screen py(top) to first i * x_step, screen py(bottom) nohead back lc rgb rule lw 2
    set label ''.tick(i * x_step) at first i * x_step, screen py(bottom + tick_gap) center @TICK
}
do for [i = 0:int(y_end / y_step)] {
    set arrow from screen px(left), first i * y_step to screen px(right), first i * y_step nohead back lc rgb rule lw 2
    set label ''.tick(i * y_step) at screen px(left - 18), first i * y_step right @TICK
}
set label switch_x at screen px((left + right) / 2.),py(bottom + axis_gap) center @AXIS
set label switch_y at screen px(page_left),py(182) left @AXIS

# Draw. ------------------------------------------------------------------------------

# Names are pushed apart among those whose points lie closer than a name is wide.
array label_y[n]
do for [i = 1:n] { label_y[i] = drawn[i] ? y_px(cpu[i]) : -1000 * i }
apart = 46
do for [pass = 1:40] { do for [a = 1:n] {
    if (label_y[a] > bottom - 22) { label_y[a] = bottom - 22 }
    do for [b = 1:n] {
    if (a != b && drawn[a] && drawn[b] && abs(x_px(switches[a]) - x_px(switches[b])) < 380) {
        if (label_y[a] <= label_y[b] && label_y[b] - label_y[a] < apart) {
            overlap = apart - (label_y[b] - label_y[a])
            label_y[a] = label_y[a] - overlap / 2. - 0.1
            label_y[b] = label_y[b] + overlap / 2. + 0.1
        }
    }
} } }
invalid_here = 0
do for [i = 1:n] {
    if (drawn[i]) {
        if (known_value(cpu_low[i]) && known_value(cpu_high[i])) {
            set arrow from first switches[i], first cpu_low[i] to first switches[i], first cpu_high[i] nohead front \
                lc rgb ink lw 4
        }
        if (known_value(switches_low[i]) && known_value(switches_high[i])) {
            set arrow from first switches_low[i], first cpu[i] to first switches_high[i], first cpu[i] nohead front \
                lc rgb ink lw 4
        }
        set label '' at first switches[i], first cpu[i] front point pt filled(model[i]) ps point_size(model[i]) * 1.35 \
            lc rgb colour(model[i])
        reach = known_value(switches_high[i]) ? x_px(switches_high[i]) : x_px(switches[i])
        reach = (reach > x_px(switches[i]) + 26 ? reach : x_px(switches[i]) + 26) + 18
        # Behind the points that stand where it would be written.
        do for [pass = 1:n] { do for [k = 1:n] {
            if (drawn[k] && abs(y_px(cpu[k]) - label_y[i]) < 40 && abs(x_px(switches[k]) - reach) < 44) {
                reach = x_px(switches[k]) + 44
            }
        } }
        set label ''.bold(said(model[i])) at screen px(reach),py(label_y[i]) left front \
            font ''.size_of(value_size) textcolor rgb ink
    } else {
        set label ''.said(model[i]) . ': ' . w_invalid at screen px(right - 10),py(bottom - 26 - 32 * invalid_here) right @FINE
        invalid_here = invalid_here + 1
    }
}

question = switch_question
note = switch_note
eval page
plot NaN notitle
set output
