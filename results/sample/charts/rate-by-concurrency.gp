# rate-by-concurrency.gp: fetches a second against the fetches in flight, the fastest client seen with its
# range, and the ceiling that physics sets.
#
# Redraw: gnuplot rate-by-concurrency.gp   (reads ../data/rate-by-concurrency.csv; theme.gp says what
#         else can be set; and here: delay_s, the shortest delay, draws the ceiling C / delay)
# Data:   model,concurrency,median_per_s,low_per_s,high_per_s,valid   rows of model fastest-client are the
#         better of wrk and h2load; rows of model ceiling, only a median, are a ceiling of the caller's own

if (!exists('chart')) { chart = 'rate-by-concurrency' }
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'
if (!exists('delay_s')) { delay_s = NaN }

# Read. ------------------------------------------------------------------------

columns = 'model concurrency median_per_s low_per_s high_per_s valid'
eval open_data
array model[lines]; array at_once[lines]; array median[lines]; array low[lines]; array high[lines]
array drawn[lines]; array series[lines]
n = 0
row(x) = (n = n + 1, model[n] = text('model'), at_once[n] = amount('concurrency'), median[n] = amount('median_per_s'), \
    low[n] = amount('low_per_s'), high[n] = amount('high_per_s'), drawn[n] = yes('valid') \
        && known_value(median[n]), 0)
stats data using (row(0)) nooutput

array name[n]; array last[n]
models = 0; lowest = NaN; highest = NaN; fewest = NaN; most = NaN; fastest = 0; ceiling = 0
do for [i = 1:n] {
    series[i] = 0
    do for [k = 1:models] { if (name[k] eq model[i]) { series[i] = k } }
    if (series[i] == 0) { models = models + 1; series[i] = models; name[models] = model[i]; last[models] = 0 }
    k = series[i]
    if (model[i] eq 'fastest-client') { fastest = k }
    if (model[i] eq 'ceiling') { ceiling = k }
    if (drawn[i]) {
        if (last[k] == 0) { last[k] = i } else { if (at_once[i] > at_once[last[k]]) { last[k] = i } }
        if (model[i] ne 'ceiling') {
            bottom_of = known_value(low[i]) ? low[i] : median[i]
            if (!(bottom_of >= lowest)) { lowest = bottom_of }
            top_of = known_value(high[i]) ? high[i] : median[i]
            if (!(top_of <= highest)) { highest = top_of }
        }
    }
    if (!(at_once[i] >= fewest)) { fewest = at_once[i] }
    if (!(at_once[i] <= most)) { most = at_once[i] }
}
if (!known_value(lowest)) { lowest = 1; highest = 10 }

# Lay out. -----------------------------------------------------------------------

# Rates that differ more than thirtyfold need a logarithmic axis; others start from zero.
logarithmic = (highest / lowest > 30)
left = 190; right = 1490; top = 212; bottom = 862
few_at = fewest / 1.35; most_at = most * 1.35
# (Under the lowest there is room for a name.)
ceiling_at = logarithmic ? highest * 1.6 : highest * 1.08
floor_at = logarithmic ? lowest / (ceiling_at / lowest)**0.22 : 0
set lmargin at screen px(left); set rmargin at screen px(right)
set tmargin at screen py(top);  set bmargin at screen py(bottom)
set logscale x
if (logarithmic) { set logscale y }
set xrange [few_at:most_at]; set yrange [floor_at:ceiling_at]
unset xtics; unset ytics
x_px(c) = left + (right - left) * log(c / few_at) / log(most_at / few_at)
y_px(r) = bottom - (bottom - top) * (logarithmic ? log(r / floor_at) / log(ceiling_at / floor_at) \
    : r / ceiling_at)

step = step_of(ceiling_at, 5)
# On a logarithmic axis 1, 2 and 5 of each decade where there are few decades, else 1.
fine = (logarithmic && ceiling_at / floor_at < 1500)
decades = logarithmic ? int(ceil(log10(ceiling_at / floor_at))) + 1 : 0
steps = logarithmic ? (fine ? 3 * decades : decades) : int(ceiling_at / step)
within(i) = i % 3 == 0 ? 1 : i % 3 == 1 ? 2 : 5
first_decade = logarithmic ? floor(log10(floor_at)) : 0
mark(i) = fine ? within(i) * 10**(first_decade + i / 3) : logarithmic ? 10**(first_decade + i) : i * step
do for [i = 0:steps] {
    if (mark(i) >= floor_at && mark(i) <= ceiling_at) {
        set arrow from screen px(left), first mark(i) to screen px(right), first mark(i) nohead back \
            lc rgb rule lw 2
        set label ''.(mark(i) < 1 ? tick(mark(i)) : grouped(mark(i))) \
            at screen px(left - 18), first mark(i) right @TICK
    }
}
labelled_to = -1e9
do for [pass = 0:1] { do for [i = 1:n] {
    seen = 0
    do for [k = 1:i - 1] { if (at_once[k] == at_once[i]) { seen = 1 } }
    if (!seen && pass == 0) {
        set arrow from first at_once[i], screen py(top) to first at_once[i], screen py(bottom) \
            nohead back lc rgb rule lw 2
    }
    if (!seen && pass == 1 && x_px(at_once[i]) - width_of(grouped(at_once[i]), tick_size) / 2 > labelled_to + 14) {
        set label ''.grouped(at_once[i]) at first at_once[i], screen py(bottom + tick_gap) center @TICK
        labelled_to = x_px(at_once[i]) + width_of(grouped(at_once[i]), tick_size) / 2
    }
} }
set label rate_x at screen px((left + right) / 2.),py(bottom + axis_gap) center @AXIS
set label rate_y at screen px(page_left),py(182) left @AXIS

# The ceiling, no more than C answers in one delay, is named where it leaves the picture.
edge = NaN
if (known_value(delay_s) && delay_s > 0) {
    edge = ceiling_at * delay_s < most_at ? ceiling_at * delay_s : most_at
    edge_rate = edge / delay_s
}
do for [i = 1:n] {
    if (drawn[i] && model[i] eq 'ceiling' && median[i] <= ceiling_at && !(at_once[i] <= edge)) {
        edge = at_once[i]
        edge_rate = median[i]
    }
}
if (known_value(edge) && edge > few_at) {
    y = y_px(edge_rate) - 12
    set label rate_ceiling at screen px(x_px(edge) - 46),py(y > top + 14 ? y : top + 14) right @ASIDE
}

# A reminder of how far points must lie apart to differ, where the run knows.
if (known_value(noise_floor)) {
    height = logarithmic ? y_px(1) - y_px(1 + noise_floor) : y_px(0) - y_px(highest * noise_floor)
    set arrow from screen px(left + 26),py(top + 44 + height / 2) \
        to screen px(left + 26),py(top + 44 - height / 2) \
        heads size screen 0.004,90 front lc rgb soft lw 4
    set label ''.w_noise . ' ' . percent(noise_floor) at screen px(left + 44),py(top + 44) left @FINE
}

# Points and intervals ----------------------------------------------------------------

array beside[n]
is_model(i) = model[i] ne 'fastest-client' && model[i] ne 'ceiling' && !again(model[i])
near(i, k) = at_once[i] == at_once[k] && drawn[i] && drawn[k] && is_model(i) && is_model(k) \
    && abs(y_px(median[i]) - y_px(median[k])) < 30
do for [i = 1:n] {
    group = 0; before = 0
    if (drawn[i] && is_model(i)) {
        do for [k = 1:n] { if (near(i, k)) { group = group + 1; if (k < i) { before = before + 1 } } }
    }
    beside[i] = (before - (group - 1) / 2.) * 27
}
place(i) = at_once[i] * exp(beside[i] * log(most_at / few_at) / (right - left))
invalid_here = 0
do for [i = 1:n] {
    if (!drawn[i] && model[i] ne 'fastest-client' && model[i] ne 'ceiling') {
        x = x_px(at_once[i]) + (at_once[i] == most ? 18 : 0)
        set label ''.said(model[i]) . ': ' . w_invalid \
            at screen px(x),py(bottom - 26 - 32 * invalid_here) right \
            @FINE
        invalid_here = invalid_here + 1
    }
    if (drawn[i] && is_model(i)) {
        if (known_value(low[i]) && known_value(high[i])) {
            set arrow from first place(i), first low[i] to first place(i), first high[i] nohead front \
                lc rgb ink lw 4
        }
        set label '' at first place(i), first median[i] \
            point pt filled(model[i]) ps point_size(model[i]) lc rgb colour(model[i]) front
    }
}

# Each series' name and its best figure at the right, pushed apart where they would touch.
# One that ends in the left half is named where it ends.
array label_y[n]; array best[n]
named(k) = last[k] > 0 && k != ceiling && !again(name[k])
at_right(k) = named(k) && x_px(at_once[last[k]]) > (left + right) / 2.
do for [k = 1:models] {
    label_y[k] = at_right(k) ? y_px(median[last[k]]) : -1000 * k
    best[k] = 0
    do for [i = 1:n] {
        if (series[i] == k && drawn[i]) { best[k] = best[k] == 0 ? i : median[i] > median[best[k]] ? i \
            : best[k] }
    }
}
apart = 84
eval push_apart
# Many names at the top end together: the whole column moves down to where the chart begins.
highest = bottom
do for [k = 1:models] { highest = at_right(k) && label_y[k] < highest ? label_y[k] : highest }
do for [k = 1:models] {
    y = label_y[k] + (highest < top ? top - highest : 0)
    if (named(k)) {
        i = last[k]; b = best[k]
        shade = k == fastest ? soft : colour(name[k])
        x = right + 62
        if (at_right(k)) {
            set arrow from first at_once[i], first median[i] to screen px(right + 14),py(y) nohead back \
                lc rgb soft lw 2 dashtype (2, 6)
            if (k != fastest) {
                set label '' at screen px(right + 34),py(y - 17) \
                    point pt filled(name[k]) ps point_size(name[k]) lc rgb shade
            } else {
                set arrow from screen px(right + 22),py(y - 17) to screen px(right + 48),py(y - 17) \
                    nohead lc rgb shade lw 5
            }
        } else {
            x = x_px(place(i)) - 12
            x = x > left + 10 ? x : left + 10
            y = y_px(median[i])
            do for [c = 1:n] {
                if (drawn[c] && is_model(c) && at_once[c] == at_once[i]) {
                    under = y_px(known_value(low[c]) ? low[c] : median[c])
                    y = under > y ? under : y
                }
            }
            y = y + 56
        }
        set label ''.bold(said(name[k])) at screen px(x),py(y - 17) left front \
            font ''.size_of(fitting(said(name[k]), (k == fastest ? small_size + 2 \
                : value_size - 2) * 1.12, 370) / 1.12) textcolor rgb ink
        # select() watches descriptors below 1,024: its line ends there, and says so.
        ends = name[k] eq 'select' && at_once[i] < most
        set label ''.(ends ? backends_end : replace(replace(rate_best, '%1', number(median[b])), '%2', \
            grouped(at_once[b]))) at screen px(x),py(y + 20) left @ASIDE
    }
}

if (chart eq 'loop-backends') { rate_question = backends_question; rate_question_together = backends_question }
question = placement eq 'apart' ? rate_question : placement eq 'together' ? rate_question_together \
    : rate_question_real
repeated = 0
do for [k = 1:models] { if (again(name[k])) { repeated = 1 } }
note = rate_note . (repeated ? ' ' . rate_note_again : '') . (fastest > 0 ? ' ' . rate_note_fastest : '')
eval page
# Each series from the least to the most in flight, in a block of its own; what is invalid breaks its line.
set print $series
do for [k = 1:models] {
    after = -1
    do for [pass = 1:n] {
        next = 0
        do for [i = 1:n] {
            if (series[i] == k && at_once[i] > after) { next = next == 0 ? i : at_once[i] < at_once[next] \
                ? i : next }
        }
        if (next > 0) {
            after = at_once[next]
            print drawn[next] ? sprintf('%.9g,%.9g,%.9g,%.9g', at_once[next], median[next], \
                known_value(low[next]) ? low[next] : median[next], known_value(high[next]) ? high[next] \
                    : median[next]) : ''
        }
    }
    print ''; print ''
    if (last[k] == 0) { print 'NaN,NaN,NaN,NaN'; print ''; print '' }
}
unset print
set datafile nocolumnheaders
set clip one
set samples 400
band = mix(soft, paper, 0.78)
plot for [k = 1:models] $series index k - 1 using (k == fastest ? $1 : NaN):3:4 with filledcurves \
    fc rgb band notitle, \
     for [k = 1:models] $series index k - 1 using (k == ceiling || again(name[k]) ? NaN : $1):2 \
         with lines lc rgb (k == fastest ? soft : colour(name[k])) lw 5 notitle, \
     for [k = 1:models] $series index k - 1 using (again(name[k]) ? $1 : NaN):2 with lines \
         lc rgb colour(name[k]) lw 3 dashtype (4, 4) notitle, \
     for [k = 1:models] $series index k - 1 using (k == ceiling ? $1 : NaN):2 with lines \
         lc rgb soft lw 3 dashtype (10, 8) notitle, \
     x / delay_s with lines lc rgb soft lw 3 dashtype (10, 8) notitle
set output
