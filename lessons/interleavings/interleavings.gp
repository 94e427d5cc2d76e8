# interleavings.gp: each of the 252 orders is a square; the darker, the more often it was seen.
# Redraw, from the repository's folder: gnuplot lessons/interleavings/interleavings.gp
# Data: who,index,order,seen,trials   252 rows for each of three

chart = 'interleavings'
load 'lessons/chart.gp'

columns = 'who index order seen trials'
eval open_data
stats data using (amount('trials')) name 'trials' nooutput

question = 'Two tasks of five steps: in which of 252 orders do they run?'
subtitle = sprintf('each square is an order, from AAAAABBBBB to BBBBBAAAAA; coloured if it was seen in %s trials', grouped(trials_max))
caption = 'The fuller the colour, the more often (each shade is ten times the one before). An order that was not seen may still come tomorrow: ' \
    . 'what threads do depends on the machine, on the length of a step, and on who else is running. Coroutines that let go after each step take turns.'
eval page
set multiplot
unset xtics; unset ytics
set border 31 linecolor rgb rule
whos = '"threads on 2 processors" "threads on 1 processor" coroutines'
tone(k) = k == 3 ? colour('coroutines') : colour('threads')
array distinct[3] = [0, 0, 0]
add(k) = (text('who') eq word(whos, k) && amount('seen') > 0 ? (distinct[k] = distinct[k] + 1) : 0)
stats data using (add(1) + add(2) + add(3)) nooutput
# How full the colour is: a tenth of all trials and more is full, and every tenth part of that a step paler.
strength(k) = amount('seen') <= 0 ? 0 : (1 + 0.22 * log10(amount('seen') / (0.1 * trials_max)) > 1 ? 1 \
    : 1 + 0.22 * log10(amount('seen') / (0.1 * trials_max)) < 0.2 ? 0.2 : 1 + 0.22 * log10(amount('seen') / (0.1 * trials_max)))
do for [k = 1:3] {
    eval panel(60 + (k - 1) * 610, 60 + (k - 1) * 610 + 570, 290, 850)
    set xrange [-0.5 : 15.5]
    set yrange [-15.6 : 0.6]
    set label 10 ''.word(whos, k) at screen px(60 + (k - 1) * 610),py(210) left font ''.size_of(34) textcolor rgb ink
    set label 11 sprintf('%d of 252 seen', distinct[k]) at screen px(60 + (k - 1) * 610),py(255) left font ''.size_of(30) textcolor rgb soft
    plot data using (text('who') eq word(whos, k) ? int(amount('index')) % 16 : NaN):(-int(amount('index') / 16)) \
        :(int(amount('index')) % 16 - 0.42):(int(amount('index')) % 16 + 0.42) \
        :(-int(amount('index') / 16) - 0.42):(-int(amount('index') / 16) + 0.42) \
        :(amount('seen') > 0 ? mix(paper, tone(k), strength(k)) : track) with boxxyerror linecolor rgb variable
}
unset multiplot
