# memory-per-task.gp: what one waiting task reserves, and what it takes.
# Redraw, from the repository's folder: gnuplot lessons/memory-per-task/memory-per-task.gp
# Data: kind,measure,bytes,low,high   five kinds, five measures each

chart = 'memory-per-task'
load 'lessons/chart.gp'

columns = 'kind measure bytes low high'
eval open_data

question = 'What does one waiting task take?'
subtitle = 'pale: addresses reserved; full: memory in use; each power of ten is a step'
caption = 'Bytes a task, the slope over up to 60 processes, 300 threads, 3,000 and 30,000 coroutines; median of nine rounds and its interval. ' \
    . 'RSS counts shared pages once for every process, PSS shares them out. Kernel memory is the machine’s: others’ coming and going is in it.'
last_group = ''
new_group(g) = (g eq last_group ? '' : (last_group = g, g))
bar_label(x) = text('measure')
bar_group(x) = new_group(text('kind'))
bar_value(x) = amount('bytes') < 1 ? 1 : amount('bytes')
bar_low(x) = amount('low') < 1 ? 1 : amount('low')
bar_high(x) = amount('high') < 1 ? 1 : amount('high')
model(k) = strstrt(k, 'process') ? 'processes' : strstrt(k, 'thread') ? 'threads' : 'coroutines'
bar_colour(x) = text('measure') eq 'virtual' ? pale(model(text('kind'))) : colour(model(text('kind')))
bar_say(v) = v <= 1 ? 'under 1' : grouped(v)
bar_axis = 'bytes a task (less is better)'
bar_log = 1
bar_left = 620
load 'lessons/bars.gp'
