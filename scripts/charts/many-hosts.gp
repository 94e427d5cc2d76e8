# many-hosts.gp: the same URLs on one host, ten and a thousand: connections and time.
#
# Redraw: gnuplot many-hosts.gp   (reads ../data/many-hosts.csv; theme.gp says what else can be set)
# Data:   model,variant,median_s   and its interval in columns with _low and _high; `valid` 0 is no point

chart = 'many-hosts'
here = ''
do for [i = 1:strlen(ARG0)] { if (ARG0[i:i] eq '/') { here = ARG0[1:i] } }
load here . 'theme.gp'

columns = 'model variant median_s'
panel_in = 'variant'
said_panel(p) = (at = strstrt(p, ' names')) == 0 ? sprintf(many_hosts, p) : \
    sprintf(strstrt(p, '(each)') ? many_each : many_names, p[1:at - 1])
strong = 'median_s'; weak = ''
strong_words = ''; weak_words = ''
told(v) = seconds(v)
axis_words = time_axis
aside_in = 'connections'; said_aside(v) = sprintf(many_connections, grouped(v))
question = many_question
note = many_note
load here . 'panels.gp'
