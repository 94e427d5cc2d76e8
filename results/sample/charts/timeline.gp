# timeline.gp: who waits when. One lane a worker or transfer, waiting and receiving told apart, the
# processor's own lane below, the models one above the other on one time axis.
#
# Redraw: gnuplot timeline.gp   (reads ../data/timeline.csv; theme.gp says what else can be set)
# Data:   model,lane,index,phase,start_s,end_s   phase is waiting, receiving or cpu (cpu: index empty)

chart = 'timeline'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

# Read. ------------------------------------------------------------------------

columns = 'model lane index phase start_s end_s'
eval open_data
array model[lines]; array lane[lines]; array url[lines]
array phase[lines]; array from[lines]; array to[lines]
n = 0
row(x) = (n = n + 1, model[n] = text('model'), lane[n] = amount('lane'), url[n] = text('index'), \
    phase[n] = text('phase'), from[n] = amount('start_s'), to[n] = amount('end_s'), 0)
stats data using (row(0)) nooutput

# What each model's panel holds: lanes, the end of the last fetch, the processor's time.
array name[n]; array lane_low[n]; array lane_high[n]; array ends[n]; array busy[n]; array panel[n]
models = 0; urls = 0; most_lanes = 0; last_end = 0
do for [i = 1:n] {
    panel[i] = 0
    do for [k = 1:models] { if (name[k] eq model[i]) { panel[i] = k } }
    if (panel[i] == 0) {
        models = models + 1; k = models; panel[i] = k
        name[k] = model[i]; lane_low[k] = 1e9; lane_high[k] = -1; ends[k] = 0; busy[k] = 0
    }
    k = panel[i]
    if (phase[i] eq 'cpu') {
        busy[k] = busy[k] + to[i] - from[i]
    } else {
        if (lane[i] < lane_low[k]) { lane_low[k] = lane[i] }
        if (lane[i] > lane_high[k]) { lane_high[k] = lane[i] }
        if (to[i] > ends[k]) { ends[k] = to[i] }
        if (strlen(url[i]) > 0) { if (int(url[i]) > urls) { urls = int(url[i]) } }
    }
}
do for [k = 1:models] {
    if (lane_high[k] < lane_low[k]) { lane_low[k] = 0; lane_high[k] = 0 }
    if (lane_high[k] - lane_low[k] + 1 > most_lanes) { most_lanes = lane_high[k] - lane_low[k] + 1 }
    if (ends[k] > last_end) { last_end = ends[k] }
}
if (last_end <= 0) { print chart . ': no span that lasts in ' . data; exit status 1 }

# Lay out. -----------------------------------------------------------------------

left = 290; right = 1870; top = 214; bottom = 868
time_end = last_end * 1.025
width_px(t) = t / time_end * (right - left)
seconds_of(pixels) = pixels * time_end / (right - left)
least = 6                                   # the narrowest that a span is drawn, in page units

words_for(m) = base(m) eq 'sequential' ? line_sequential : base(m) eq 'processes' ? line_processes \
    : base(m) eq 'threads' ? line_threads : base(m) eq 'async' ? line_async \
    : base(m) eq 'hybrid' ? line_hybrid : base(m) eq 'coroutines' ? line_coroutines : line_other
says(m, lanes) = replace(words_for(m), '%d', sprintf('%d', lanes))
# The words stand right of the bars where there is room, else on a line of their own above them.
beside(k) = (right - left - width_px(ends[k]) > 700)

# In page units: what a panel needs beside its lanes; the lanes share what is left.
heading = 46; cpu_px = models > 4 ? 22 : 28; gap = models > 4 ? 14 : 25
rest = bottom - top - models * cpu_px - (models - 1) * gap
all_lanes = 0.
do for [k = 1:models] {
    all_lanes = all_lanes + lane_high[k] - lane_low[k] + 1
    rest = rest - (beside(k) ? 0 : heading)
}
lane_px = rest / all_lanes > 64 ? 64 : rest / all_lanes
number_size = lane_px * 0.62 > 25 ? 25 : lane_px * 0.62

set lmargin at screen px(left); set rmargin at screen px(right)
set tmargin at screen py(top);  set bmargin at screen py(bottom)
set xrange [0:time_end]; set yrange [0:1]
unset ytics
step = step_of(time_end, 8)
unset xtics
do for [i = 0:int(time_end / step + 1e-9)] {
    set label ''.tick(i * step) at first i * step, screen py(bottom + tick_gap) center @TICK
}
do for [i = 0:int(2 * time_end / step + 1e-9)] {
    set arrow from first i * step / 2, screen py(top) to first i * step / 2, screen py(bottom) nohead back \
        lc rgb rule lw (i % 2 == 0 ? 2 : 1)
}
set label line_x at screen px((left + right) / 2.),py(bottom + axis_gap) center @AXIS

# The key, in no model's colour.
key_at = left; key_y = 184
key_gap(words) = 52 + width_of(words, small_size) * 0.95 + 44
set object rectangle from screen px(key_at),py(key_y + 12) to screen px(key_at + 40),py(key_y - 12) \
    front fc rgb mix(soft, paper, 0.62)
set label line_waiting at screen px(key_at + 52),py(key_y) left @NOTE
key_at = key_at + key_gap(line_waiting)
set object rectangle from screen px(key_at + 24),py(key_y + 12) \
    to screen px(key_at + 40),py(key_y - 12) front fc rgb soft
set label line_receiving at screen px(key_at + 52),py(key_y) left @NOTE
key_at = key_at + key_gap(line_receiving)
set object rectangle from screen px(key_at),py(key_y + 8) to screen px(key_at + 40),py(key_y - 8) front \
    fc rgb track
do for [i = 0:2] {
    set object rectangle from screen px(key_at + 4 + 12 * i),py(key_y + 8) \
        to screen px(key_at + 9 + 12 * i),py(key_y - 8) front fc rgb ink
}
set label line_cpu_key at screen px(key_at + 52),py(key_y) left @NOTE

# Draw, panel by panel, from the top of the page down. ------------------------------

y = top
lane_top(l) = y + (l + 0.07) * lane_px
lane_bottom(l) = y + (l + 0.93) * lane_px
do for [k = 1:models] {
    lanes = lane_high[k] - lane_low[k] + 1
    if (!beside(k)) { y = y + heading }
    panel_top = y
    # The tracks.
    do for [l = 0:lanes - 1] {
        set object rectangle from first 0, screen py(lane_bottom(l)) to first ends[k], screen py(lane_top(l)) \
            front fc rgb track
    }
    cpu_top = y + lanes * lane_px + 4; cpu_bottom = y + lanes * lane_px + cpu_px
    set object rectangle from first 0, screen py(cpu_bottom) to first ends[k], screen py(cpu_top) front \
        fc rgb track
    # Waiting first, so that what is short lies on top of it.
    do for [i = 1:n] {
        if (panel[i] == k && phase[i] eq 'waiting') {
            l = lane[i] - lane_low[k]
            set object rectangle from first from[i], screen py(lane_bottom(l)) \
                to first to[i], screen py(lane_top(l)) \
                front fc rgb pale(name[k])
            if (number_size > 9 && width_px(to[i] - from[i]) > 1.5 * number_size * strlen(url[i]) + 10) {
                set label url[i] at first (from[i] + to[i]) / 2, screen py(y + (l + 0.5) * lane_px) \
                    center noenhanced front \
                    font ''.size_of(number_size) textcolor rgb ink
            }
        }
    }
    do for [i = 1:n] {
        if (panel[i] == k && phase[i] eq 'receiving') {
            l = lane[i] - lane_low[k]
            begin = width_px(to[i] - from[i]) < least ? to[i] - seconds_of(least) : from[i]
            set object rectangle from first begin, screen py(lane_bottom(l)) \
                to first to[i], screen py(lane_top(l)) \
                front fc rgb colour(name[k])
        }
        if (panel[i] == k && phase[i] eq 'cpu') {
            begin = width_px(to[i] - from[i]) < least ? to[i] - seconds_of(least) : from[i]
            begin = begin < 0 ? 0 : begin
            end = width_px(to[i] - begin) < least ? begin + seconds_of(least) : to[i]
            set object rectangle from first begin, screen py(cpu_bottom) \
                to first end, screen py(cpu_top) front fc rgb ink
        }
    }
    # Its name, the processor's, where it ends, and what that says.
    middle = y + lanes * lane_px / 2
    set label ''.bold(said(name[k])) at screen px(left - 22),py(middle - (beside(k) ? 0 : 10)) right \
        front font ''.size_of(fitting(said(name[k]), name_size, left - 60)) textcolor rgb ink
    set label line_cpu at screen px(left - 22),py((cpu_top + cpu_bottom) / 2) right @FINE
    set arrow from first ends[k], screen py(panel_top - 4) \
        to first ends[k], screen py(cpu_bottom + 4) nohead front lc rgb ink lw 3
    done = sprintf(line_done, seconds(ends[k])); worked = sprintf(line_busy, seconds(busy[k]))
    if (beside(k)) {
        # Three lines, smaller where the panel is low.
        scale = (lanes * lane_px + cpu_px) / 132. < 1 ? (lanes * lane_px + cpu_px) / 132. : 1
        x = ends[k] + seconds_of(26)
        set label ''.bold(done) at first x, screen py(middle - 36 * scale) left front \
            font ''.size_of(value_size * scale) textcolor rgb ink
        set label ''.says(name[k], lanes) at first x, screen py(middle + 6 * scale) left noenhanced front \
            font ''.size_of((small_size + 3) * scale) textcolor rgb ink
        set label worked at first x, screen py(middle + 44 * scale) left noenhanced front \
            font ''.size_of(small_size * scale) textcolor rgb soft
    } else {
        words_here = says(name[k], lanes) . '; ' . worked
        rest_at = width_of(done, (value_size - 2) * 1.1) + 16
        set label ''.bold(done) at first 0, screen py(y - heading / 2) left front \
            font ''.size_of(value_size - 2) textcolor rgb ink
        set label words_here at first seconds_of(rest_at), screen py(y - heading / 2 + 2) left noenhanced front \
            font ''.size_of(fitting(words_here, small_size + 3, right - left - rest_at)) textcolor rgb ink
    }
    y = y + lanes * lane_px + cpu_px + gap
}

question = line_question
subtitle_words = sprintf(line_subtitle, urls, most_lanes)
note = sprintf(line_note, at_most(seconds_of(least)))
eval page
plot NaN notitle
set output
