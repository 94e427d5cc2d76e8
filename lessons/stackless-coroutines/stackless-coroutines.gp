# stackless-coroutines.gp: what going on costs, beside a function call.
# Redraw, from the repository's folder: gnuplot lessons/stackless-coroutines/stackless-coroutines.gp
# Data: kind,name,value,low,high,unit,said   kind: transcript, cost (ns), size (bytes)

chart = 'stackless-coroutines'
load 'lessons/chart.gp'

columns = 'kind name value low high unit said'
eval open_data

question = 'What does it cost to go on where one left off?'
subtitle = 'one resume of a counter: the median of many rounds, and its interval'
caption = 'In machine code a resume is a call, a jump and a word written. A delegate is one call more on the way from who yields to who asks, and ' \
    . 'back. The loop around it is in every bar. What the coroutine does between two stops is not in it.'
bar_label(x) = text('name')
bar_group(x) = ''
bar_value(x) = text('kind') eq 'cost' ? amount('value') : NaN
bar_low(x) = amount('low')
bar_high(x) = amount('high')
bar_colour(x) = strstrt(text('name'), 'call') > 0 ? shade(7) : strstrt(text('name'), 'hand') > 0 ? shade(2) : colour('coroutines')
bar_say(v) = sprintf('%.2g', v)
bar_axis = 'nanoseconds (less is better)'
bar_log = 0
bar_rest = 1
bar_left = 640
load 'lessons/bars.gp'
