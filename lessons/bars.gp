# bars.gp: one horizontal bar a row of data, with its value and interval. To be loaded after
# lessons/chart.gp and `eval open_data`, with these set (x is a dummy; columns are read by name):
#   bar_label(x)    the row's name                    bar_group(x)   words over a bar where a group begins, or ''
#   bar_value(x), bar_low(x), bar_high(x)             bar_colour(x)  its colour
#   bar_say(v)      a value as it is written at the bar
#   bar_axis        what the axis shows, its unit and which way is better
#   bar_log         1: the axis counts in powers of ten; else it begins at 0
#   bar_rest        set where rows without a value are drawn by another panel
#   bar_left        where the bars begin, in the page's units (520); with bar_right (1760), they end there and a
#                   second panel may be drawn afterwards, after `eval bars_done`
# and question, subtitle, caption, as ever. Rows without a value are left out, and the chart says how many.

array b_label[lines]; array b_group[lines]; array b_value[lines]; array b_low[lines]; array b_high[lines]
array b_colour[lines]; array b_at[lines]
b_n = 0; b_y = 0; b_left_out = 0; b_least = 1e300; b_most = -1e300
b_add(x) = (b_n = b_n + 1, b_label[b_n] = bar_label(0), b_group[b_n] = bar_group(0), b_value[b_n] = bar_value(0), \
    b_low[b_n] = bar_low(0), b_high[b_n] = bar_high(0), b_colour[b_n] = bar_colour(0), \
    b_y = b_y + 1 + (strlen(b_group[b_n]) > 0 ? 1 : 0), b_at[b_n] = b_y, \
    b_least = b_low[b_n] < b_least ? b_low[b_n] : b_least, b_most = b_high[b_n] > b_most ? b_high[b_n] : b_most, 0)
b_take(x) = (known_value(bar_value(0)) ? b_add(0) : (b_left_out = b_left_out + 1, 0))
stats data using (b_take(0)) nooutput
if (b_n == 0) { print chart . ': no row of ' . data . ' has a value'; exit status 1 }
if (b_left_out > 0 && !exists('bar_rest')) { caption = caption . sprintf(' %d of %d rows are not known here and are left out.', b_left_out, b_n + b_left_out) }
if (!exists('bar_left')) { bar_left = 520 }
if (bar_log && b_least <= 0) { b_least = b_most / 1e4 }

if (!exists('bar_right')) { bar_right = 1760; b_alone = 1 } else { b_alone = 0 }
eval page
if (!b_alone) { set multiplot }
bars_done = 'unset object; unset label; unset arrow; unset logscale; unset format; unset xlabel; unset grid; set xtics auto scale 0; set ytics scale 0'
eval panel(bar_left, bar_right, 170, 850)
set yrange [-(b_y + 0.7) : -0.3]
b_from = bar_log ? 10 ** floor(log10(b_least) - 0.001) : (b_least < 0 ? b_least * 1.15 : 0)
if (bar_log) { set logscale x; set format x '10^{%T}'; set xtics enhanced; set xrange [b_from : b_most * 4] } else {
    b_to = b_most > 0 ? b_most * 1.18 : 1
    set xrange [b_from : b_to]
    # As many figures as there is room for.
    set xtics step_of(b_to - b_from, (bar_right - bar_left) / 140.)
}
set xtics offset 0,-0.2
set xlabel ''.bar_axis font ''.size_of(label_size) textcolor rgb soft offset 0,-0.4
unset ytics
set grid xtics linecolor rgb rule linewidth 2
b_font = b_y > 20 ? 20 : b_y > 14 ? small_size : b_y > 9 ? 30 : value_size
b_base = bar_log ? b_from : 0
do for [i = 1:b_n] {
    if (strlen(b_group[i]) > 0) {
        set label 300 + i ''.b_group[i] at screen px(page_left), first 1.0 - b_at[i] left noenhanced font ''.size_of(b_font) textcolor rgb soft
    }
    set label 400 + i ''.b_label[i] at screen px(bar_left - 20), first 0.0 - b_at[i] right noenhanced font ''.size_of(b_font) textcolor rgb ink
    b_to = bar_log && b_value[i] <= b_from ? b_from : b_value[i]
    set object 100 + i rectangle from first b_base, first -0.38 - b_at[i] to first b_to, first 0.38 - b_at[i] \
        fillcolor rgb b_colour[i] fillstyle solid noborder
    if (b_high[i] > b_low[i]) {
        b_whisker = bar_log && b_low[i] <= b_from ? b_from : b_low[i]
        set arrow 100 + i from first b_whisker, first 0.0 - b_at[i] to first b_high[i], first 0.0 - b_at[i] \
            nohead front linewidth 5 linecolor rgb mix(ink, paper, 0.25)
    }
    set label 500 + i ''.bar_say(b_value[i]) at first (b_high[i] > b_base ? b_high[i] : b_base), first 0.0 - b_at[i] left offset 0.7,0 noenhanced \
        font ''.size_of(b_font) textcolor rgb ink
}
plot NaN notitle
