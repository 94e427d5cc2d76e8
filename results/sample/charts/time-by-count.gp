# time-by-count.gp: time against the number of URLs, on logarithmic axes: what was measured over the
# lines of the cost models; what was only predicted is hollow and says so.
#
# Redraw: gnuplot time-by-count.gp   (reads ../data/time-by-count.csv; theme.gp says what else can be set)
# Data:   model,count,median_s,low_s,high_s,model_s,measured   model_s is the cost model's line; a row with
#         measured 0 is a prediction (median_s empty). A column `valid` may follow; 0 is no point.

if (!exists('chart')) { chart = 'time-by-count' }
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

# Read. ------------------------------------------------------------------------

columns = 'model count median_s low_s high_s model_s measured'
eval open_data
array model[lines]; array count[lines]; array median[lines]; array low[lines]; array high[lines]
array cost[lines]; array measured[lines]; array invalid[lines]; array at[lines]; array series[lines]
n = 0
row(x) = (n = n + 1, model[n] = text('model'), count[n] = amount('count'), median[n] = amount('median_s'), \
    low[n] = amount('low_s'), high[n] = amount('high_s'), cost[n] = amount('model_s'), measured[n] = yes('measured'), \
    invalid[n] = (measured[n] && !known_value(median[n])) || no('valid'), 0)
stats data using (row(0)) nooutput

# A point is where it was measured; what was not stands where the cost model puts it.
array name[n]; array last[n]
models = 0; predictions = 0; lowest = NaN; highest = NaN; fewest = NaN; most = NaN
do for [i = 1:n] {
    series[i] = 0
    do for [k = 1:models] { if (name[k] eq model[i]) { series[i] = k } }
    if (series[i] == 0) { models = models + 1; series[i] = models; name[models] = model[i]; last[models] = 0 }
    at[i] = measured[i] && !invalid[i] ? median[i] : cost[i]
    if (!measured[i] && !invalid[i] && known_value(cost[i])) { predictions = predictions + 1 }
    if (known_value(at[i]) && at[i] > 0) {
        if (!(at[i] >= lowest)) { lowest = at[i] }
        if (!(at[i] <= highest)) { highest = at[i] }
        k = series[i]
        if (last[k] == 0) { last[k] = i } else { if (count[i] > count[last[k]]) { last[k] = i } }
    }
    # The line belongs into the picture wherever the points are.
    if (known_value(cost[i]) && cost[i] > 0) {
        if (!(cost[i] >= lowest)) { lowest = cost[i] }
        if (!(cost[i] <= highest)) { highest = cost[i] }
    }
    if (!(count[i] >= fewest)) { fewest = count[i] }
    if (!(count[i] <= most)) { most = count[i] }
}
if (!known_value(lowest)) { lowest = 0.1; highest = 1 }

# scaling.gp's words, and up to where the first model's gain is linear: measured over model at most 1.1.
if (chart eq 'scaling') {
    beyond = NaN; open = 0
    do for [i = 1:n] {
        if (series[i] == 1 && measured[i] && !invalid[i] && median[i] > 1.1 * cost[i] && !(count[i] >= beyond)) {
            beyond = count[i]
        }
    }
    if (has('decided')) {
        some_row(x) = (no('decided') ? (open = 1) : 0, 0)
        stats data using (some_row(0)) nooutput
    }
    count_question = scaling_question; count_x = scaling_x
    count_note = (open ? scaling_open : known_value(beyond) ? sprintf(scaling_ends, grouped(beyond)) \
        : scaling_linear) . ' ' . scaling_note
}

# Lay out. -----------------------------------------------------------------------

left = 190; right = 1490; top = 212; bottom = 862
floor_at = lowest / 1.9; ceiling_at = highest * 1.9
few_at = fewest / 1.7; most_at = most * 1.5
set lmargin at screen px(left); set rmargin at screen px(right)
set tmargin at screen py(top);  set bmargin at screen py(bottom)
set logscale xy
set xrange [few_at:most_at]; set yrange [floor_at:ceiling_at]
unset xtics; unset ytics
x_px(c) = left + (right - left) * log(c / few_at) / log(most_at / few_at)
y_px(t) = bottom - (bottom - top) * log(t / floor_at) / log(ceiling_at / floor_at)

# Of each decade 1, and 2 and 5 where there are few decades.
each = ceiling_at / floor_at < 1500 ? 3 : 1
within(i) = i % each == 0 ? 1 : i % each == 1 ? 2 : 5
first_decade = int(floor(log10(floor_at)))
do for [i = 0:each * (int(ceil(log10(ceiling_at))) - first_decade + 1)] {
    t = within(i) * 10.**(first_decade + i / each)
    if (t >= floor_at && t <= ceiling_at) {
        set arrow from screen px(left), first t to screen px(right), first t nohead back lc rgb rule lw 2
        set label ''.(t < 1 ? tick(t) : grouped(t)) . ' s' at screen px(left - 18), first t right @TICK
    }
}
do for [i = 1:n] {
    seen = 0
    do for [k = 1:i - 1] { if (count[k] == count[i]) { seen = 1 } }
    if (!seen) {
        set arrow from first count[i], screen py(top) to first count[i], screen py(bottom) nohead back \
            lc rgb rule lw 2
        set label ''.grouped(count[i]) at first count[i], screen py(bottom + tick_gap) center @TICK
    }
}
set label count_x at screen px((left + right) / 2.),py(bottom + axis_gap) center @AXIS
set label count_y at screen px(page_left),py(182) left @AXIS

# The key of shapes, in no model's colour, at the right end of the axis title's line.
key_words = count_measured . count_predicted . count_line
key_at = right + 110 - width_of(key_words, small_size)
key_y = 182
array key_x[3]
key_x[1] = key_at; key_x[2] = key_at + 34 + width_of(count_measured, small_size) + 30
key_x[3] = key_x[2] + 34 + width_of(count_predicted, small_size) + 46
set label count_measured at screen px(key_x[1] + 26),py(key_y) left @NOTE
set label count_predicted at screen px(key_x[2] + 26),py(key_y) left @NOTE
set label count_line at screen px(key_x[3] + 40),py(key_y) left @NOTE
set label '' at screen px(key_x[1]),py(key_y) point pt 7 ps 2.6 lc rgb soft
set label '' at screen px(key_x[2]),py(key_y) point pt 6 ps 2.6 lw 4 lc rgb soft
set arrow from screen px(key_x[3] - 26),py(key_y) to screen px(key_x[3] + 28),py(key_y) nohead \
    lc rgb soft lw 4

# Points ------------------------------------------------------------------------------

# Points of one count that would cover each other (closer than 34 page units) stand side by side, around
# their count; at the axis' end up to it, since the names stand behind. What is said of several is said once.
array leftmost[n]; array beside[n]; array silent[n]; array above[n]
near(i, k) = count[i] == count[k] && known_value(at[i]) && known_value(at[k]) \
    && abs(y_px(at[i]) - y_px(at[k])) < 34
do for [i = 1:n] {
    group = 0; before = 0; silent[i] = 0; above[i] = 0
    do for [k = 1:n] {
        if (near(i, k)) {
            group = group + 1
            if (k < i) {
                before = before + 1
                if (invalid[k]) { above[i] = above[i] + 1 }
                if (!invalid[k] && !measured[k]) { silent[i] = 1 }
            }
        }
    }
    leftmost[i] = group > 1 ? (1 - group) * (count[i] == most ? 27 : 13.5) : 0
    beside[i] = leftmost[i] + before * 27
}
place(i) = count[i] * exp(beside[i] * log(most_at / few_at) / (right - left))

do for [i = 1:n] {
    if (invalid[i]) {
        y = known_value(at[i]) ? y_px(at[i]) - 50 - 30 * above[i] : bottom - 20 - 30 * series[i]
        word = said(model[i]) . ': ' . w_invalid
        if (count[i] == most) {
            set label ''.word at screen px(x_px(most) + 17),py(y) right @FINE
        } else {
            set label ''.word at first count[i], screen py(y) center @FINE
        }
    } else {
        if (known_value(at[i])) {
            if (measured[i]) {
                if (known_value(low[i]) && known_value(high[i])) {
                    set arrow from first place(i), first low[i] to first place(i), first high[i] \
                        nohead front lc rgb ink lw 4
                }
                set label '' at first place(i), first at[i] \
                    point pt filled(model[i]) ps point_size(model[i])  lc rgb colour(model[i]) front
            } else {
                # A disc of paper first, so that the line does not fill the hollow.
                set label '' at first place(i), first at[i] \
                    point pt filled(model[i]) ps point_size(model[i])  lc rgb paper front
                set label '' at first place(i), first at[i] \
                    point pt hollow(model[i]) ps point_size(model[i])  lw 4 lc rgb colour(model[i]) front
                if (!silent[i]) {
                    set label count_predicted_short \
                        at screen px(x_px(count[i]) + leftmost[i] - 26),py(y_px(at[i]) - 20) right @FINE
                }
            }
        }
    }
}

# Each model's name and its largest figure at the right, pushed apart where they would touch.
array label_y[n]
do for [k = 1:models] { label_y[k] = last[k] > 0 ? y_px(at[last[k]]) : bottom }
apart = 78
eval push_apart
do for [k = 1:models] {
    y = label_y[k]
    if (last[k] > 0) {
        i = last[k]
        figure = invalid[i] ? w_invalid : seconds(at[i]) . (measured[i] ? '' : ', ' . count_predicted_short)
        set arrow from first most, screen py(y_px(at[i])) to screen px(right + 18),py(y) nohead back \
            lc rgb colour(name[k]) lw 2
        set label '' at screen px(right + 30),py(y - 17) point pt filled(name[k]) ps point_size(name[k]) \
            lc rgb colour(name[k])
        set label ''.bold(said(name[k])) at screen px(right + 60),py(y - 17) left \
            font ''.size_of(fitting(said(name[k]), value_size - 2, 360)) textcolor rgb ink
        set label figure at screen px(right + 60),py(y + 20) left @ASIDE
    }
}

question = count_question
note = count_note
eval page
# Each model's line from the least to the most, in a block of its own.
set print $lines
do for [k = 1:models] {
    after = -1
    do for [pass = 1:n] {
        next = 0
        do for [i = 1:n] {
            if (series[i] == k && known_value(cost[i]) && count[i] > after) {
                next = next == 0 ? i : count[i] < count[next] ? i : next
            }
        }
        if (next > 0) { after = count[next]; print sprintf('%.9g,%.9g', count[next], cost[next]) }
    }
    if (after < 0) { print 'NaN,NaN' }
    print ''; print ''
}
unset print
set datafile nocolumnheaders
plot for [k = 1:models] $lines index k - 1 using 1:2 with lines lc rgb colour(name[k]) lw 4 notitle
set output
