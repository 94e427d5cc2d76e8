# mistake.gp: one mistake beside the right way: every round of both.
#
# Drawn by scripts/mistakes, which sets data, mistake, wrong, right, unit, one, other, wrong_winner, right_winner, verdict.
# Data: mistake,side,who,round,value

chart = 'mistake'
load 'lessons/chart.gp'

columns = 'mistake side who round value'
eval open_data

question = 'A mistake on purpose (' . mistake . '): ' . verdict
subtitle = 'one dot a round, the bar is the middle; ' . unit . ', less is better'
caption = 'A side has a winner if it was ahead in every round. Wrong: ' . wrong . '. Right: ' . right . '.'
array middle[4]
mine(k) = text('mistake') eq mistake && text('side') eq (k < 3 ? 'wrong' : 'right') && text('who') eq (k % 2 == 1 ? one : other)
do for [k = 1:4] { stats data using (mine(k) ? amount('value') : NaN) name 't' nooutput; middle[k] = t_median }
stats data using (text('mistake') eq mistake ? amount('value') : NaN) name 'v' nooutput
eval page
eval panel(480, 1560, 170, 830)
set yrange [-7.6 : -0.2]
set xrange [0 : v_max * 1.08]
unset ytics
set xtics offset 0,-0.2
set grid xtics linecolor rgb rule linewidth 2
set xlabel unit . ' (less is better)' font ''.size_of(label_size) textcolor rgb soft offset 0,-0.4
at(k) = k < 3 ? -k - 0.8 : -k - 2.4
set label 8 'wrong: ' . wrong_winner at screen px(page_left), first -0.8 left noenhanced font ''.size_of(value_size) textcolor rgb ink
set label 9 'right: ' . right_winner at screen px(page_left), first -4.4 left noenhanced font ''.size_of(value_size) textcolor rgb ink
# Models in their own colours, what is no model, or the same one twice, in two others.
are_models = base(one) ne '' && base(other) ne '' && base(one) ne base(other)
tint(k) = are_models ? colour(k % 2 == 1 ? one : other) : k % 2 == 1 ? shade(6) : shade(5)
do for [k = 1:4] {
    set label 10 + k ''.(k % 2 == 1 ? one : other) at screen px(455), first at(k) right noenhanced font ''.size_of(30) textcolor rgb ink
    set object k rectangle from first 0, first at(k) - 0.36 to first middle[k], first at(k) + 0.36 fillcolor rgb mix(tint(k), paper, 0.55) fillstyle solid noborder
    set label 30 + k sprintf(v_max > 100 ? '%.0f' : '%.3f', middle[k]) at screen px(1590), first at(k) left font ''.size_of(30) textcolor rgb soft
}
set datafile missing NaN
plot for [k = 1:4] data using (mine(k) ? amount('value') : NaN):(at(k)) with points pointtype 7 pointsize 1.6 linecolor rgb tint(k) notitle
