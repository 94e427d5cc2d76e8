# panels.gp: what charts of whole sets of settings share: a row a model, a panel a setting, a point where the
# median is, on one logarithmic scale for all panels. Loaded by a chart that has read nothing yet and has set
#   panel_in        the column that says which panel a row belongs to, in the order of the data
#   said_panel(p)   its heading
#   strong, weak    the columns of the filled point and of the hollow one ('' for none), each with its interval in
#                   columns of its name with _low and _high
#   strong_words, weak_words   what they are, for the key; '' draws no key
#   told(v)         a figure in words
#   axis_words      the axis, with the direction that is better
#   tick_list, tick_words   values of the scale and what is written there ('_' is a blank); unset: decades
#   aside_in, said_aside(v)    a column that is told below the figure, '' for none

eval open_data
array model[lines]; array panel[lines]; array invalid[lines]; array aside[lines]
array mark[lines]; array low[lines]; array high[lines]
array mark_2[lines]; array low_2[lines]; array high_2[lines]
end_of(c, side) = has(c . side) ? amount(c . side) : NaN
n = 0
row(x) = (n = n + 1, model[n] = text('model'), panel[n] = strcol(panel_in), invalid[n] = no('valid'), \
    mark[n] = invalid[n] ? NaN : amount(strong), low[n] = end_of(strong, '_low'), high[n] = end_of(strong, '_high'), \
    mark_2[n] = weak eq '' || invalid[n] ? NaN : amount(weak), \
    low_2[n] = weak eq '' ? NaN : end_of(weak, '_low'), high_2[n] = weak eq '' ? NaN : end_of(weak, '_high'), \
    aside[n] = aside_in eq '' ? NaN : amount(aside_in), 0)
stats data using (row(0)) nooutput

# The panels and the rows: each name once, in the order of the data.
array panels[n]; array rows[n]
panel_count = 0; row_count = 0
shortest = NaN; longest = NaN
do for [i = 1:n] {
    there = 0
    do for [k = 1:panel_count] { if (panels[k] eq panel[i]) { there = 1 } }
    if (!there) { panel_count = panel_count + 1; panels[panel_count] = panel[i] }
    there = 0
    do for [k = 1:row_count] { if (rows[k] eq model[i]) { there = 1 } }
    if (!there) { row_count = row_count + 1; rows[row_count] = model[i] }
    do for [v in sprintf('%g %g %g %g %g %g', mark[i], low[i], high[i], mark_2[i], low_2[i], high_2[i])] {
        if (v ne 'nan' && v ne '-nan' && !invalid[i] && real(v) > 0) {
            if (!(real(v) >= shortest)) { shortest = real(v) }
            if (!(real(v) <= longest)) { longest = real(v) }
        }
    }
}
if (!known_value(shortest)) { shortest = 1; longest = 10 }

# Lay out. ------------------------------------------------------------------------

left = 330; right = 1890; top = strong_words eq '' ? 248 : 296; bottom = 872; gutter = 34
wide = (right - left - gutter * (panel_count - 1)) / real(panel_count)
pitch = (bottom - top) / real(row_count)
type = pitch * 0.3 < small_size ? pitch * 0.3 : small_size
if (type > wide / 8.) { type = wide / 8. }
tick_type = wide < 420 ? 19 : 23
side(p) = left + (p - 1) * (wide + gutter)
from_log = log10(shortest) - 0.08 * (log10(longest / shortest) + 0.3)
span_log = log10(longest) + 0.12 * (log10(longest / shortest) + 0.3) - from_log
# (What no logarithm has a place for stands at the edge.)
at_px(p, v) = v > 0 ? side(p) + (log10(v) - from_log) / span_log * wide : side(p)
set lmargin at screen 0; set rmargin at screen 1; set tmargin at screen 1; set bmargin at screen 0
set xrange [0:1]; set yrange [0:1]
unset xtics; unset ytics

# Tenfold steps, and twice and five times as much where there is room for their figures.
decade_room = wide / span_log
steps = decade_room > 560 ? '1 2 5' : decade_room > 170 ? '1 3' : '1'
if (span_log < 0.9) { steps = '1 1.5 2 3 4 5 6 8' }
if (span_log < 0.9 && decade_room < 700) { steps = '1 2 4' }
do for [p = 1:panel_count] {
    heading = said_panel(panels[p])
    set label ''.bold(heading) at screen px(side(p)),py(top - 40) left front \
        font ''.size_of(fitting(heading, label_size * 1.1, wide) / 1.1) textcolor rgb ink
    set object rectangle from screen px(side(p)),py(bottom) to screen px(side(p) + wide),py(top - 12) \
        behind fc rgb mix(track, paper, 0.45)
    do for [i = 1:exists('tick_list') ? words(tick_list) : 0] {
        x = at_px(p, real(word(tick_list, i)))
        if (x >= side(p) + 8 && x <= side(p) + wide - 8) {
            set arrow from screen px(x),py(top - 12) to screen px(x),py(bottom) nohead back lc rgb rule lw 3
            set label replace(word(tick_words, i), '_', ' ') at screen px(x),py(bottom + 28) center noenhanced front \
                font ''.size_of(tick_type) textcolor rgb ink
        }
    }
    written_to = 0
    if (!exists('tick_list')) { do for [decade = int(floor(from_log)):int(ceil(from_log + span_log))] {
        do for [step in steps] {
            v = real(step) * 10**decade
            x = at_px(p, v)
            if (x >= side(p) + 8 && x <= side(p) + wide - 8) {
                set arrow from screen px(x),py(top - 12) to screen px(x),py(bottom) nohead back lc rgb rule \
                    lw (step eq '1' ? 3 : 1)
                half = width_of(told(v), tick_type) / 2
                if (x - half > written_to + 8) {
                    written_to = x + half
                    set label ''.told(v) at screen px(x),py(bottom + 28) center noenhanced front \
                        font ''.size_of(tick_type) textcolor rgb ink
                }
            }
        }
    } }
}
set label axis_words at screen px(left),py(bottom + 72) left noenhanced front \
    font ''.size_of(fitting(axis_words, label_size, right - left)) textcolor rgb ink
if (strong_words ne '') {
    set label '' at screen px(left + 12),py(194) point pt 7 ps point_size('threads') * 0.8 lc rgb soft front
    set label strong_words at screen px(left + 36),py(194) left @NOTE
    set label '' at screen px(left + 60 + width_of(strong_words, small_size) + 30),py(194) point pt 6 \
        ps point_size('threads') * 0.8 lw 4 lc rgb soft front
    set label weak_words at screen px(left + 84 + width_of(strong_words, small_size) + 30),py(194) left @NOTE
}

# Draw, a row each. -----------------------------------------------------------------

whisker = "set arrow from screen px(at_px(p, a)),py(y) to screen px(at_px(p, b)),py(y) nohead front lc rgb shade lw 6"
do for [r = 1:row_count] {
    y = top + (r - 0.5) * pitch + type * 0.25
    set label ''.bold(said(rows[r])) at screen px(left - 24),py(y) right front \
        font ''.size_of(fitting(said(rows[r]), (name_size < pitch * 0.6 ? name_size : pitch * 0.6) * 1.1, left - 60) / 1.1) \
        textcolor rgb ink
    shade = colour(rows[r])
    do for [p = 1:panel_count] {
        set arrow from screen px(side(p)),py(y) to screen px(side(p) + wide),py(y) nohead back lc rgb rule lw 1
        found = 0
        do for [i = 1:n] { if (model[i] eq rows[r] && panel[i] eq panels[p]) { found = i } }
        shown = found > 0 && (known_value(found > 0 ? mark[found] : NaN) || known_value(found > 0 ? mark_2[found] : NaN))
        if (!shown) {
            set label ''.(found > 0 && invalid[found > 0 ? found : 1] ? w_invalid : w_not_run) \
                at screen px(side(p) + 12),py(y - type * 0.9) left noenhanced front font ''.size_of(type) textcolor rgb soft
        } else {
            if (known_value(mark[found]) && known_value(mark_2[found])) {
                set arrow from screen px(at_px(p, mark[found])),py(y) to screen px(at_px(p, mark_2[found])),py(y) nohead \
                    front lc rgb pale(rows[r]) lw 10
            }
            if (known_value(low_2[found]) && known_value(high_2[found])) { a = low_2[found]; b = high_2[found]; eval whisker }
            if (known_value(low[found]) && known_value(high[found])) { a = low[found]; b = high[found]; eval whisker }
            if (known_value(mark_2[found])) {
                set label '' at screen px(at_px(p, mark_2[found])),py(y) front point pt hollow(rows[r]) \
                    ps point_size(rows[r]) * 0.8 lw 4 lc rgb shade
            }
            if (known_value(mark[found])) {
                set label '' at screen px(at_px(p, mark[found])),py(y) front point pt filled(rows[r]) \
                    ps point_size(rows[r]) * 0.8 lc rgb shade
                figure = told(mark[found]) . (known_value(aside[found]) ? said_aside(aside[found]) : '')
                half = width_of(figure, type) / 2
                x = at_px(p, mark[found])
                x = x - half < side(p) + 6 ? side(p) + 6 + half : x + half > side(p) + wide - 6 ? side(p) + wide - 6 - half : x
                set label figure at screen px(x),py(y - type * 1.25) center noenhanced front font ''.size_of(type) \
                    textcolor rgb ink
            }
        }
    }
}

eval page
plot NaN notitle
set output
