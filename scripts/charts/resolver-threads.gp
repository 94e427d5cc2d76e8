# resolver-threads.gp: how many threads there are with addresses, with names looked up before, and with names looked
# up by each connection: libcurl's own thread for each look-up is seen.
#
# Redraw: gnuplot resolver-threads.gp   (reads ../data/resolver-threads.csv; theme.gp says what else can be set)
# Data:   model,variant,threads,processes   each the most that the meter saw; `valid` 0 is no point

chart = 'resolver-threads'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

columns = 'model variant threads'
panel_in = 'variant'
said_panel(p) = p eq 'addresses' ? resolver_addresses : p eq 'names' ? resolver_once : p eq 'names (each)' ? resolver_each : p
strong = 'threads'; weak = ''
strong_words = ''; weak_words = ''
told(v) = grouped(v)
axis_words = resolver_axis
aside_in = 'processes'; said_aside(v) = sprintf(resolver_processes, grouped(v))
question = resolver_question
note = resolver_note
load here . 'panels.gp'
