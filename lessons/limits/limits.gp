# limits.gp: how many there were when one more was refused.
# Redraw, from the repository's folder: gnuplot lessons/limits/limits.gp
# Data: group,what,limit,made,told,message

chart = 'limits'
load 'lessons/chart.gp'

columns = 'group what limit made told'
eval open_data

question = 'How many can there be, before something refuses?'
subtitle = 'made until one more was refused, and what the program was told; each power of ten is a step'
caption = 'Each limit was set by the lesson for itself, over what was in use already. Nothing refused 10,000 coroutines or root’s 200 processes under ' \
    . 'a limit on tasks: the lesson stopped by itself. On a real machine the limits are the system’s: see `ulimit -a`.'
last_group = ''
new_group(g) = (g eq last_group ? '' : (last_group = g, g))
bar_label(x) = text('what') . (text('told') eq 'nothing' ? ', not refused' : ', told ' . text('told'))
bar_group(x) = new_group(text('group'))
bar_value(x) = amount('made')
bar_low(x) = amount('made')
bar_high(x) = amount('made')
bar_colour(x) = strstrt(text('what'), 'process') ? colour('processes') : strstrt(text('what'), 'thread') ? colour('threads') \
    : strstrt(text('what'), 'coroutine') ? colour('coroutines') : shade(7)
bar_say(v) = grouped(v)
bar_axis = 'how many were made'
bar_log = 1
bar_left = 830
load 'lessons/bars.gp'
