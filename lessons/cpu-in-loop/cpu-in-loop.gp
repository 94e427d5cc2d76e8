# cpu-in-loop.gp: eight tasks that compute and eight that wait, with and without a loop.
# Redraw, from the repository's folder: gnuplot lessons/cpu-in-loop/cpu-in-loop.gp
# Data: kind,way,median_s,low_s,high_s

chart = 'cpu-in-loop'
load 'lessons/chart.gp'

columns = 'kind way median_s low_s high_s'
eval open_data

question = 'Does an event loop make work shorter, or only waiting?'
subtitle = 'eight tasks, started together; the time until the last is done'
caption = 'Median of 21 rounds (computing: of the shortest of ten turns in each); the dark line is its interval. Computing: the primes below a number, in steps of 200 numbers, the same ' \
    . 'steps in every way. Waiting: eight sleeps. Two threads help only as far as the machine has a second processor to give just now.'
last_group = ''
new_group(g) = (g eq last_group ? '' : (last_group = g, g))
bar_label(x) = text('way')
bar_group(x) = new_group(text('kind'))
bar_value(x) = amount('median_s')
bar_low(x) = amount('low_s')
bar_high(x) = amount('high_s')
bar_colour(x) = strstrt(text('way'), 'loop') ? colour('async') : strstrt(text('way'), 'thread') ? colour('threads') : colour('sequential')
bar_say(v) = seconds(v)
bar_axis = 'seconds (less is better)'
bar_log = 0
bar_left = 520
load 'lessons/bars.gp'
