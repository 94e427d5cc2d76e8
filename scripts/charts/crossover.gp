# crossover.gp: which model is fastest, by delay and by how many at once: the winner's colour, grey where no
# difference was seen.
#
# Redraw: gnuplot crossover.gp   (reads ../data/crossover.csv; theme.gp says what else can be set)
# Data:   delay_s,count,concurrency,model,median_s,against,ratio,decided   a row a place of the grid; `decided` 0:
#         no difference seen; an empty model: nothing was valid there

chart = 'crossover'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

# Read. ------------------------------------------------------------------------

columns = 'delay_s count concurrency model median_s against ratio decided'
eval open_data
array delay[lines]; array count[lines]; array flight[lines]; array model[lines]; array median[lines]
array against[lines]; array times[lines]; array sure[lines]
n = 0
row(x) = (n = n + 1, delay[n] = amount('delay_s'), count[n] = amount('count'), flight[n] = amount('concurrency'), \
    model[n] = text('model'), median[n] = amount('median_s'), against[n] = text('against'), \
    times[n] = amount('ratio'), sure[n] = yes('decided'), 0)
stats data using (row(0)) nooutput

# The grid's columns are how many at once, its rows the delays, both in the order of the data.
array across[n]; array across_count[n]; array down[n]
columns_here = 0; rows_here = 0
do for [i = 1:n] {
    there = 0
    do for [k = 1:columns_here] { if (across[k] == flight[i]) { there = 1 } }
    if (!there) { columns_here = columns_here + 1; across[columns_here] = flight[i]; across_count[columns_here] = count[i] }
    there = 0
    do for [k = 1:rows_here] { if (down[k] == delay[i]) { there = 1 } }
    if (!there) { rows_here = rows_here + 1; down[rows_here] = delay[i] }
}

# Lay out. -----------------------------------------------------------------------

left = 260; right = 1880; top = 222; bottom = 846; gap = 10
wide = (right - left) / real(columns_here); tall = (bottom - top) / real(rows_here)
name_here = tall * 0.26 < 34 ? tall * 0.26 : 34
set lmargin at screen 0; set rmargin at screen 1; set tmargin at screen 1; set bmargin at screen 0
set xrange [0:1]; set yrange [0:1]
unset xtics; unset ytics
set label cross_y at screen px(page_left),py(186) left @AXIS
do for [r = 1:rows_here] {
    set label ''.seconds(down[r]) at screen px(left - 22),py(top + (r - 0.5) * tall) right @TICK
}
do for [c = 1:columns_here] {
    under = sprintf(cross_cell, across_count[c], across[c])
    set label under at screen px(left + (c - 0.5) * wide),py(bottom + 26) center noenhanced front \
        font ''.size_of(fitting(under, small_size, wide - 10)) textcolor rgb ink
}
axis_line = cross_x . '      ' . cross_better
set label axis_line at screen px(left),py(bottom + 78) left noenhanced front \
    font ''.size_of(fitting(axis_line, label_size, right - left)) textcolor rgb ink

# Draw. ------------------------------------------------------------------------------

do for [i = 1:n] {
    c = 0; r = 0
    do for [k = 1:columns_here] { if (across[k] == flight[i]) { c = k } }
    do for [k = 1:rows_here] { if (down[k] == delay[i]) { r = k } }
    x = left + (c - 1) * wide; y = top + (r - 1) * tall
    fill = model[i] eq '' ? paper : sure[i] ? colour(model[i]) : track
    set object rectangle from screen px(x + gap / 2),py(y + tall - gap / 2) to screen px(x + wide - gap / 2),py(y + gap / 2) \
        back fc rgb fill fillstyle solid 1.0 border lc rgb rule
    word = model[i] eq '' ? w_invalid : sure[i] ? said(model[i]) : cross_none
    shade = model[i] ne '' && sure[i] ? on(colour(model[i])) : ink
    set label ''.(model[i] ne '' && sure[i] ? bold(word) : literal(word)) at screen px(x + wide / 2),py(y + tall * 0.38) center front \
        font ''.size_of(fitting(word, name_here, wide - 40)) textcolor rgb shade
    if (model[i] ne '' && known_value(median[i])) {
        under = sure[i] && known_value(times[i]) ? number(times[i]) . ' ×   ' . seconds(median[i]) : seconds(median[i])
        set label under at screen px(x + wide / 2),py(y + tall * 0.72) center noenhanced front \
            font ''.size_of(fitting(under, name_here * 0.8, wide - 40)) textcolor rgb shade
    }
}

question = cross_question
note = cross_note
eval page
plot NaN notitle
set output
