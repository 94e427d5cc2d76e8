# one-big-lock.gp: two programs that compute, and two that wait, in four ways.
# Redraw, from the repository's folder: gnuplot lessons/one-big-lock/one-big-lock.gp
# Data: kind,way,median_ms,low_ms,high_ms   kind: computing, waiting

chart = 'one-big-lock'
load 'lessons/chart.gp'

columns = 'kind way median_ms low_ms high_ms'
eval open_data

question = 'What does an interpreter’s lock do to threads?'
subtitle = 'two equal programs, once computing, once waiting, until both are done'
caption = 'Median of eleven rounds, the dark line is the interval. The lock is held while computing and let go of before a wait; who wants it ' \
    . 'waits 5 ms and then asks, as in CPython. It is written in C here: no interpreter was measured.'
last_group = ''
new_group(g) = (g eq last_group ? '' : (last_group = g, 'two that ' . (g eq 'computing' ? 'compute' : 'wait')))
bar_label(x) = text('way')
bar_group(x) = new_group(text('kind'))
bar_value(x) = amount('median_ms')
bar_low(x) = amount('low_ms')
bar_high(x) = amount('high_ms')
bar_colour(x) = text('way') eq 'processes' ? colour('processes') : text('way') eq 'one after another' ? colour('sequential') \
    : text('way') eq 'threads without it' ? pale('threads') : colour('threads')
bar_say(v) = number(v) . ' ms'
bar_axis = 'ms until both are done (less is better)'
bar_log = 0
bar_left = 640
load 'lessons/bars.gp'
