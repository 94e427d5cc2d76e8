# words.gp: every word that a chart says, one block a language. theme.gp loads it after it knows
# `language`. A new word stands in all three blocks; a new language is one more block.

if (language eq 'en') {
    # every chart
    w_decimal = '.'; w_group = ','
    w_sequential = 'sequential'; w_processes = 'processes'; w_threads = 'threads'
    w_async = 'async'; w_hybrid = 'hybrid'; w_coroutines = 'coroutines'
    w_fastest_client = 'fastest client seen'
    w_again = '(again)'; w_invalid = 'invalid'; w_not_run = 'not measured'
    w_noise = 'noise floor'
    w_apart = 'Client on one core, server on another core of the same host'
    w_together = 'Client and server on all cores of the same host'
    w_real = 'One client, real servers'
    w_limits_apart = 'What it does not say: one client core; loopback, no loss, no distance; everything through libcurl, whose blocking call is itself a poll loop; closed loop: a fetch begins when another ends; server on the same host.'
    w_limits_together = 'What it does not say: client and server share all cores of one host; loopback, no loss, no distance; everything through libcurl, whose blocking call is itself a poll loop; closed loop: a fetch begins when another ends.'
    w_limits_real = 'What it does not say: servers and networks change from minute to minute; everything through libcurl, whose blocking call is itself a poll loop; closed loop: a fetch begins when another ends.'

    # total-time
    total_question = 'How long until the last URL is here?'
    total_axis = '← shorter is better      seconds, from the start of the program to its exit'
    total_note = 'Bars: median, start-up set off at the left; whiskers: exact interval of the median, %s rounds.'
    total_note_plain = 'Bars: median, start-up set off at the left; whiskers: exact interval of the median.'
    total_of_it = 'start-up %s'
    total_ideal = 'ideal %s'
    total_beyond = 'off the scale'
    total_noise = 'closer than this is noise: %s'

    # time-by-count
    count_question = 'What do ten times as many URLs cost?'
    count_x = 'number of URLs'
    count_y = 'seconds   (lower is better)'
    count_note = 'Bars through the points: exact interval of the median. Points that would cover each other are set side by side.'
    count_measured = 'measured'
    count_predicted = 'predicted, not measured'
    count_predicted_short = 'predicted'
    count_line = 'cost model'

    # scaling
    scaling_question = 'Do twice the processors halve the time?'
    scaling_x = 'processes that share the work'
    scaling_note = 'Bars through the points: exact interval of the median. Line: the processor time of one process, divided by the processes.'
    scaling_open = 'Not decided: this machine has no two processors to give.'
    scaling_ends = 'The gain stops being linear at %s processes: over 1.1 times the model.'
    scaling_linear = 'The gain is linear throughout: within 1.1 times the model.'

    # rate-by-concurrency
    rate_question = 'How many at once until one core is full?'
    rate_question_together = 'How many at once until the machine is full?'
    rate_question_real = 'How many fetches a second, with how many at once?'
    rate_x = 'fetches in flight at one time'
    rate_y = 'fetches a second   (higher is better)'
    rate_note = 'Bars and bands: exact interval of the median.'
    rate_note_fastest = 'Fastest client seen: the better of wrk and h2load at the same size, with its range.'
    rate_note_again = 'Dashed: the same model, measured a second time.'
    rate_best = 'best %1, %2 at once'
    rate_ceiling = 'ceiling: in flight ÷ delay'
    backends_question = 'Which way to wait scales?'
    backends_end = 'descriptors end at 1,024'

    # timeline
    line_question = 'Who waits when?'
    line_subtitle = '%d URLs, at most %d in flight: the same waits, one after another or side by side'
    line_x = 'seconds since the start signal   (shorter is better)'
    line_note = 'Recorded in one traced run, which is never a timed one. Numbers: the URL. What lasts less than %s is drawn that wide.'
    line_waiting = 'waiting for the answer'
    line_receiving = 'receiving it'
    line_cpu_key = 'processor at work'
    line_cpu = 'processor'
    line_done = 'all here after %s'
    line_busy = 'processor busy for %s'
    line_sequential = 'one worker, one URL after another'
    line_processes = '%d processes, each waits for its own answer'
    line_threads = '%d threads, each waits for its own answer'
    line_async = 'one thread waits for %d answers at once'
    line_hybrid = '%d in flight, shared among processes'
    line_coroutines = '%d coroutines wait, on one thread'
    line_other = '%d in flight'

    # bill
    bill_question = 'What does each model pay?'
    bill_axis = '← shorter is better, in every column      each column has its own scale, from zero'
    bill_note = 'Medians; whiskers, where they are drawn: exact interval of the median.'
    bill_time = 'time'; bill_time_unit = 'start to exit'
    bill_cpu = 'processor'; bill_cpu_unit = 'time a fetch'
    bill_switches = 'switches'; bill_switches_unit = 'of context, a fetch'
    bill_spawn = 'start-up'; bill_spawn_unit = 'of all workers'
    bill_memory = 'memory'; bill_memory_unit = 'one more worker'
    bill_unknown = 'unknown'

    # switches-and-cpu
    switch_question = 'Do more switches cost more processor time?'
    switch_x = 'context switches a fetch   (fewer is better)'
    switch_y = 'processor time a fetch, µs   (less is better)'
    switch_note = 'Medians; bars through the points, where they are drawn: exact interval of the median. Two things that rise together need not cause each other.'

    # peers
    peers_question = 'How do other tools do the same?'
    peers_axis = '← shorter is better      seconds, start of the program to its exit (logarithmic)'
    peers_no_delay = 'answered at once'
    peers_delay = 'answered after %s'
    peers_note = 'Points: median; bars: its exact interval. Every point asked for each URL once, as the server counted.'
    peers_limits = 'What it does not say: one client core; loopback, no loss, no distance; only the models record and hash each body; closed loop; server on the same host.'

    # what charts of whole sets of settings share
    time_axis = '← shorter is better      from the start signal to the last answer (logarithmic)'

    # latency
    latency_question = 'How late is an answer?'
    latency_load = 'at %s of its own rate'; latency_common = 'all at one rate'
    latency_p99 = '99 of 100 are here by then'; latency_p50 = 'half of them are'
    latency_axis = '← earlier is better      from when a URL was due to its answer (logarithmic)'
    latency_note = 'Its own rate: what the model reached in the same rounds. One rate: 70 % of the slowest. Due at random, fixed before the run. Bars: exact interval of the median over rounds.'
    latency_limits = 'What it does not say: one client core; loopback, no loss, no distance; everything through libcurl, whose blocking call is itself a poll loop; server on the same host.'

    # tail
    tail_question = 'Who waits behind a slow answer?'
    tail_fixed = 'all alike'; tail_lognormal = 'log-normal'; tail_pareto = 'Pareto'; tail_slow = '1 %% after %s'
    tail_static = 'dealt out beforehand'; tail_counter = 'whoever is free takes the next'
    tail_axis = '← shorter is better      from the start signal to the last answer (logarithmic)'
    tail_note = 'Points: median; bars: its exact interval. Dealt out, URLs wait behind a slow one though others are free.'

    # cpu-mix
    mix_question = 'What if each answer means work?'
    mix_x = 'processor time for each answer, as one loop pays it   (waiting only → working only)'
    mix_y = 'time for all URLs   (lower is better, logarithmic)'
    mix_note = 'Points: median, bars: its exact interval. Only several processes or threads can work on two processors at once.'

    # crossover
    cross_question = 'Who is fastest where?'
    cross_x = 'URLs, and how many at once'
    cross_y = 'delay of each answer'
    cross_none = 'no difference'
    cross_cell = 'URLs: %d · at once: %d'
    cross_note = 'A colour: faster than every other model, beyond noise; the figure is how many times as fast as the next. Grey: no difference was seen.'
    cross_better = 'more × is better for the model named'

    # memory-per-worker
    worker_question = 'What does one more worker take in memory?'
    worker_virtual = 'virtual memory'; worker_rss = 'RSS, summed'; worker_pss = 'PSS'
    worker_tables = 'page tables'; worker_kernel = 'kernel'
    worker_axis = '← less is better      memory for one more fetch in flight (logarithmic)'
    worker_note = 'Slope over how many wait at once: median of the rounds and its exact interval. Summed RSS counts what is shared once for each process, PSS once.'

    # big-bodies, many-hosts, quota, memory-limit, far
    big_question = 'What does a large body hold up?'
    big_every = 'all of 1 KiB'; big_beside = 'every 150th of %s'
    big_note = 'All bodies are written to disk. Points: median; bars: its exact interval.'
    small_question = 'How late are small bodies beside large ones?'
    small_p99 = '99 of 100 are done by then'; small_p50 = 'half of them are'
    small_axis = '← earlier is better      from when a small URL was taken to its end (logarithmic)'
    small_slowest = ' · slowest %s'
    small_note = 'Only bodies of 1 KiB are told; all are written to disk. A closed loop: told, not compared. Bars: exact interval of the median over rounds.'
    many_question = 'What do many hosts cost?'
    many_hosts = 'hosts: %s'; many_names = 'names: %s'; many_each = 'each looks up: %s'
    many_connections = ' · %s conn.'
    many_note = 'The same URLs on so many loopback addresses, or names looked up once before or by each worker; conn.: connections made. Points: median; bars: its exact interval.'
    resolver_question = 'Who starts threads to look names up?'
    resolver_addresses = 'addresses'; resolver_once = 'names, looked up before'; resolver_each = 'each looks up'
    resolver_axis = '← fewer is better      threads at the peak (logarithmic)'
    resolver_processes = ' in %s proc.'
    resolver_note = 'The most that the meter saw in any round: a thread that ends between two looks is not in it. Names are looked up once before, or by each connection.'
    quota_question = 'What if there is less than one core?'
    quota_panel = '%s of a processor'
    quota_note = 'A control group gives the client so much processor time in each 100 ms. Points: median; bars: its exact interval.'
    memory_question = 'How many at once in 128 MiB?'
    memory_panel = '%s at once'
    memory_note = 'Invalid: the kernel ended it, or part of it, for want of memory. Points: median; bars: its exact interval.'
    far_question = 'What if the server is far away?'
    far_note = 'A network of its own with netem: round trip and loss. Points: median; bars: its exact interval.'
}

if (language eq 'es') {
    # todos los gráficos
    w_decimal = ','; w_group = '.'
    w_sequential = 'secuencial'; w_processes = 'procesos'; w_threads = 'hilos'
    w_async = 'asíncrono'; w_hybrid = 'híbrido'; w_coroutines = 'corrutinas'
    w_fastest_client = 'cliente más rápido visto'
    w_again = '(otra vez)'; w_invalid = 'no válido'; w_not_run = 'sin medir'
    w_noise = 'nivel de ruido'
    w_apart = 'El cliente en un núcleo, el servidor en otro núcleo del mismo equipo'
    w_together = 'Cliente y servidor en todos los núcleos del mismo equipo'
    w_real = 'Un cliente, servidores reales'
    w_limits_apart = 'Lo que no dice: un solo núcleo para el cliente; interfaz local, sin pérdidas ni distancia; todo pasa por libcurl, cuya llamada bloqueante es en sí un bucle de poll; bucle cerrado: una descarga empieza cuando otra termina; servidor en el mismo equipo.'
    w_limits_together = 'Lo que no dice: cliente y servidor comparten los núcleos de un equipo; interfaz local, sin pérdidas ni distancia; todo pasa por libcurl, cuya llamada bloqueante es en sí un bucle de poll; bucle cerrado: una descarga empieza cuando otra termina.'
    w_limits_real = 'Lo que no dice: los servidores y las redes cambian de un minuto a otro; todo pasa por libcurl, cuya llamada bloqueante es en sí un bucle de poll; bucle cerrado: una descarga empieza cuando otra termina.'

    # total-time
    total_question = '¿Cuánto tarda en llegar la última URL?'
    total_axis = '← menos es mejor      segundos, desde el arranque del programa hasta su fin'
    total_note = 'Barras: mediana, a la izquierda y aparte el arranque; bigotes: intervalo exacto de la mediana, %s rondas.'
    total_note_plain = 'Barras: mediana, a la izquierda y aparte el arranque; bigotes: intervalo exacto de la mediana.'
    total_of_it = 'arranque %s'
    total_ideal = 'ideal %s'
    total_beyond = 'fuera de escala'
    total_noise = 'más cerca que esto es ruido: %s'

    # time-by-count
    count_question = '¿Qué cuesta diez veces más URL?'
    count_x = 'número de URL'
    count_y = 'segundos   (menos es mejor)'
    count_note = 'Barras sobre los puntos: intervalo exacto de la mediana. Los puntos que se taparían se dibujan uno al lado del otro.'
    count_measured = 'medido'
    count_predicted = 'predicho, no medido'
    count_predicted_short = 'predicho'
    count_line = 'modelo de coste'

    # scaling
    scaling_question = '¿El doble de procesadores, la mitad de tiempo?'
    scaling_x = 'procesos que se reparten el trabajo'
    scaling_note = 'Barras sobre los puntos: intervalo exacto de la mediana. Línea: el tiempo de procesador de un proceso, dividido entre los procesos.'
    scaling_open = 'Sin decidir: esta máquina no tiene dos procesadores que dar.'
    scaling_ends = 'La ganancia deja de ser lineal con %s procesos: más de 1,1 veces el modelo.'
    scaling_linear = 'La ganancia es lineal en todo el margen: hasta 1,1 veces el modelo.'

    # rate-by-concurrency
    rate_question = '¿Cuántas a la vez hasta llenar un núcleo?'
    rate_question_together = '¿Cuántas a la vez hasta llenar la máquina?'
    rate_question_real = '¿Cuántas descargas por segundo, con cuántas a la vez?'
    rate_x = 'descargas en curso a la vez'
    rate_y = 'descargas por segundo   (más es mejor)'
    rate_note = 'Barras y bandas: intervalo exacto de la mediana.'
    rate_note_fastest = 'Cliente más rápido visto: el mejor de wrk y h2load con el mismo tamaño, con su rango.'
    rate_note_again = 'A trazos: el mismo modelo, medido otra vez.'
    rate_best = 'máximo %1, con %2'
    rate_ceiling = 'techo: en curso ÷ retardo'
    backends_question = '¿Qué forma de esperar escala?'
    backends_end = 'hasta 1.024 descriptores'

    # timeline
    line_question = '¿Quién espera y cuándo?'
    line_subtitle = '%d URL, como mucho %d en curso: las mismas esperas, una tras otra o a la vez'
    line_x = 'segundos desde la señal de salida   (menos es mejor)'
    line_note = 'Grabado en una ejecución con traza, que nunca se cronometra. Números: la URL. Lo que dura menos de %s se dibuja con ese ancho.'
    line_waiting = 'espera la respuesta'
    line_receiving = 'la recibe'
    line_cpu_key = 'procesador trabajando'
    line_cpu = 'procesador'
    line_done = 'todo listo a los %s'
    line_busy = 'procesador ocupado %s'
    line_sequential = 'un solo trabajador, una URL tras otra'
    line_processes = '%d procesos, cada uno espera su respuesta'
    line_threads = '%d hilos, cada uno espera su respuesta'
    line_async = 'un solo hilo espera %d respuestas a la vez'
    line_hybrid = '%d en curso, repartidas entre procesos'
    line_coroutines = '%d corrutinas esperan, en un solo hilo'
    line_other = '%d en curso'

    # bill
    bill_question = '¿Qué paga cada modelo?'
    bill_axis = '← menos es mejor, en cada columna      cada columna tiene su escala, desde cero'
    bill_note = 'Medianas; los bigotes, si los hay: intervalo exacto de la mediana.'
    bill_time = 'tiempo'; bill_time_unit = 'del arranque al fin'
    bill_cpu = 'procesador'; bill_cpu_unit = 'tiempo por descarga'
    bill_switches = 'cambios'; bill_switches_unit = 'de contexto/descarga'
    bill_spawn = 'arranque'; bill_spawn_unit = 'de los trabajadores'
    bill_memory = 'memoria'; bill_memory_unit = 'un trabajador más'
    bill_unknown = 'no se sabe'

    # switches-and-cpu
    switch_question = '¿Más cambios de contexto cuestan más procesador?'
    switch_x = 'cambios de contexto por descarga   (menos es mejor)'
    switch_y = 'tiempo de procesador por descarga, µs   (menos es mejor)'
    switch_note = 'Medianas; barras sobre los puntos, si las hay: intervalo exacto de la mediana. Que dos cosas suban juntas no dice que una cause la otra.'

    # peers
    peers_question = '¿Cómo hacen lo mismo otras herramientas?'
    peers_axis = '← menos es mejor      segundos, desde el arranque del programa hasta su fin (logarítmica)'
    peers_no_delay = 'respuesta inmediata'
    peers_delay = 'respuesta tras %s'
    peers_note = 'Puntos: mediana; barras: su intervalo exacto. Cada punto pidió cada URL una vez, según el servidor.'
    peers_limits = 'Lo que no dice: un solo núcleo de cliente; loopback, sin pérdidas ni distancia; solo los modelos anotan y resumen cada cuerpo; bucle cerrado; servidor en el mismo equipo.'

    # lo que comparten los gráficos de conjuntos de ajustes
    time_axis = '← menos es mejor      desde la señal de salida hasta la última respuesta (logarítmica)'

    # latency
    latency_question = '¿Cuánto se retrasa una respuesta?'
    latency_load = 'al %s de su propio ritmo'; latency_common = 'todos al mismo ritmo'
    latency_p99 = '99 de cada 100 ya han llegado'; latency_p50 = 'la mitad ha llegado'
    latency_axis = '← antes es mejor      desde que la URL tocaba hasta su respuesta (logarítmica)'
    latency_note = 'Su propio ritmo: el que el modelo alcanzó en las mismas rondas. Mismo ritmo: 70 % del más lento. Llegadas al azar, fijadas antes. Barras: intervalo exacto de la mediana entre rondas.'
    latency_limits = 'Lo que no dice: un solo núcleo de cliente; loopback, sin pérdidas ni distancia; todo pasa por libcurl, cuya llamada bloqueante es a su vez un bucle de poll; servidor en el mismo equipo.'

    # tail
    tail_question = '¿Quién espera detrás de una respuesta lenta?'
    tail_fixed = 'todas iguales'; tail_lognormal = 'log-normal'; tail_pareto = 'Pareto'; tail_slow = '1 %% tras %s'
    tail_static = 'repartidas de antemano'; tail_counter = 'quien está libre toma la siguiente'
    tail_axis = '← menos es mejor      desde la señal de salida hasta la última respuesta (logarítmica)'
    tail_note = 'Puntos: mediana; barras: su intervalo exacto. Repartidas, hay URL que esperan detrás de una lenta aunque otros estén libres.'

    # cpu-mix
    mix_question = '¿Y si cada respuesta da trabajo?'
    mix_x = 'tiempo de procesador por respuesta, según un bucle   (solo esperar → solo calcular)'
    mix_y = 'tiempo para todas las URL   (menos es mejor, logarítmica)'
    mix_note = 'Puntos: mediana; barras: su intervalo exacto. Solo varios procesos o hilos pueden calcular en dos procesadores a la vez.'

    # crossover
    cross_question = '¿Quién es el más rápido, y dónde?'
    cross_x = 'URL, y cuántas a la vez'
    cross_y = 'retardo de cada respuesta'
    cross_none = 'sin diferencia'
    cross_cell = 'URL: %d · a la vez: %d'
    cross_note = 'Un color: más rápido que todos los demás, por encima del ruido; la cifra dice cuántas veces más que el siguiente. Gris: no se vio diferencia.'
    cross_better = 'más × es mejor para el modelo nombrado'

    # memory-per-worker
    worker_question = '¿Cuánta memoria pide un trabajador más?'
    worker_virtual = 'memoria virtual'; worker_rss = 'RSS, sumada'; worker_pss = 'PSS'
    worker_tables = 'tablas de páginas'; worker_kernel = 'núcleo'
    worker_axis = '← menos es mejor      memoria por cada descarga más en curso (logarítmica)'
    worker_note = 'Pendiente: mediana de las rondas y su intervalo exacto. La RSS sumada cuenta lo compartido una vez por proceso; la PSS, una sola.'

    # big-bodies, many-hosts, quota, memory-limit, far
    big_question = '¿Qué retiene un cuerpo grande?'
    big_every = 'todos de 1 KiB'; big_beside = 'uno de cada 150, de %s'
    big_note = 'Todos los cuerpos se escriben en disco. Puntos: mediana; barras: su intervalo exacto.'
    small_question = '¿Cuánto tardan los cuerpos pequeños junto a los grandes?'
    small_p99 = '99 de cada 100 ya han terminado'; small_p50 = 'la mitad ha terminado'
    small_axis = '← antes es mejor      desde que se toma una URL pequeña hasta su fin (logarítmica)'
    small_slowest = ' · la más lenta %s'
    small_note = 'Solo cuentan los cuerpos de 1 KiB; todos se escriben en disco. Bucle cerrado: se muestra, no se compara. Barras: intervalo exacto de la mediana entre rondas.'
    many_question = '¿Qué cuestan muchos servidores?'
    many_hosts = 'servidores: %s'; many_names = 'nombres: %s'; many_each = 'cada uno busca: %s'
    many_connections = ' · %s con.'
    many_note = 'Las mismas URL en tantas direcciones de loopback, o nombres buscados una vez antes o por cada uno; con.: conexiones abiertas. Puntos: mediana; barras: su intervalo exacto.'
    resolver_question = '¿Quién crea hilos para buscar nombres?'
    resolver_addresses = 'direcciones'; resolver_once = 'nombres ya buscados'; resolver_each = 'cada uno busca'
    resolver_axis = '← menos es mejor      hilos como máximo (logarítmica)'
    resolver_processes = ' en %s proc.'
    resolver_note = 'Lo máximo que vio el medidor en una ronda: no cuenta el hilo que acaba entre dos miradas. Los nombres se buscan una vez antes, o en cada conexión.'
    quota_question = '¿Y si hay menos de un núcleo?'
    quota_panel = '%s de un procesador'
    quota_note = 'Un grupo de control da al cliente esa parte del procesador en cada 100 ms. Puntos: mediana; barras: su intervalo exacto.'
    memory_question = '¿Cuántas a la vez en 128 MiB?'
    memory_panel = '%s a la vez'
    memory_note = 'Inválido: el núcleo lo terminó, o una parte, por falta de memoria. Puntos: mediana; barras: su intervalo exacto.'
    far_question = '¿Y si el servidor está lejos?'
    far_note = 'Una red propia con netem: ida y vuelta, y pérdidas. Puntos: mediana; barras: su intervalo exacto.'
}

if (language eq 'pt') {
    # todos os gráficos
    w_decimal = ','; w_group = '.'
    w_sequential = 'sequencial'; w_processes = 'processos'; w_threads = 'threads'
    w_async = 'assíncrono'; w_hybrid = 'híbrido'; w_coroutines = 'corrotinas'
    w_fastest_client = 'cliente mais rápido visto'
    w_again = '(de novo)'; w_invalid = 'inválido'; w_not_run = 'não medido'
    w_noise = 'nível de ruído'
    w_apart = 'Cliente em um núcleo, servidor em outro núcleo da mesma máquina'
    w_together = 'Cliente e servidor em todos os núcleos da mesma máquina'
    w_real = 'Um cliente, servidores reais'
    w_limits_apart = 'O que ele não diz: um só núcleo para o cliente; interface local, sem perdas nem distância; tudo passa pela libcurl, cuja chamada bloqueante é ela mesma um laço de poll; laço fechado: uma busca começa quando outra termina; servidor na mesma máquina.'
    w_limits_together = 'O que ele não diz: cliente e servidor dividem os núcleos de uma máquina; interface local, sem perdas nem distância; tudo passa pela libcurl, cuja chamada bloqueante é ela mesma um laço de poll; laço fechado: uma busca começa quando outra termina.'
    w_limits_real = 'O que ele não diz: servidores e redes mudam de um minuto para o outro; tudo passa pela libcurl, cuja chamada bloqueante é ela mesma um laço de poll; laço fechado: uma busca começa quando outra termina.'

    # total-time
    total_question = 'Quanto tempo até chegar a última URL?'
    total_axis = '← menos é melhor      segundos, do início do programa ao seu fim'
    total_note = 'Barras: mediana, com a partida destacada à esquerda; hastes: intervalo exato da mediana, %s rodadas.'
    total_note_plain = 'Barras: mediana, com a partida destacada à esquerda; hastes: intervalo exato da mediana.'
    total_of_it = 'partida %s'
    total_ideal = 'ideal %s'
    total_beyond = 'fora da escala'
    total_noise = 'mais perto que isto é ruído: %s'

    # time-by-count
    count_question = 'Quanto custam dez vezes mais URLs?'
    count_x = 'número de URLs'
    count_y = 'segundos   (menos é melhor)'
    count_note = 'Barras nos pontos: intervalo exato da mediana. Pontos que se cobririam são postos lado a lado.'
    count_measured = 'medido'
    count_predicted = 'previsto, não medido'
    count_predicted_short = 'previsto'
    count_line = 'modelo de custo'

    # scaling
    scaling_question = 'O dobro de processadores, metade do tempo?'
    scaling_x = 'processos que repartem o trabalho'
    scaling_note = 'Barras nos pontos: intervalo exato da mediana. Linha: o tempo de processador de um processo, dividido pelos processos.'
    scaling_open = 'Não decidido: esta máquina não tem dois processadores para dar.'
    scaling_ends = 'O ganho deixa de ser linear com %s processos: mais de 1,1 vezes o modelo.'
    scaling_linear = 'O ganho é linear em toda a faixa: até 1,1 vezes o modelo.'

    # rate-by-concurrency
    rate_question = 'Quantas ao mesmo tempo até encher um núcleo?'
    rate_question_together = 'Quantas ao mesmo tempo até encher a máquina?'
    rate_question_real = 'Quantas buscas por segundo, com quantas ao mesmo tempo?'
    rate_x = 'buscas em andamento ao mesmo tempo'
    rate_y = 'buscas por segundo   (mais é melhor)'
    rate_note = 'Barras e faixas: intervalo exato da mediana.'
    rate_note_fastest = 'Cliente mais rápido visto: o melhor entre wrk e h2load com o mesmo tamanho, com a sua faixa.'
    rate_note_again = 'Tracejado: o mesmo modelo, medido de novo.'
    rate_best = 'máximo %1, com %2'
    rate_ceiling = 'teto: em andamento ÷ atraso'
    backends_question = 'Que forma de esperar escala?'
    backends_end = 'até 1.024 descritores'

    # timeline
    line_question = 'Quem espera, e quando?'
    line_subtitle = '%d URLs, no máximo %d em andamento: as mesmas esperas, uma após a outra ou lado a lado'
    line_x = 'segundos desde o sinal de partida   (menos é melhor)'
    line_note = 'Gravado em uma execução com rastreio, que nunca é cronometrada. Números: a URL. O que dura menos de %s é desenhado com essa largura.'
    line_waiting = 'espera a resposta'
    line_receiving = 'recebe a resposta'
    line_cpu_key = 'processador trabalhando'
    line_cpu = 'processador'
    line_done = 'tudo pronto após %s'
    line_busy = 'processador ocupado por %s'
    line_sequential = 'um só trabalhador, uma URL após a outra'
    line_processes = '%d processos, cada um espera a sua resposta'
    line_threads = '%d threads, cada uma espera a sua resposta'
    line_async = 'uma só thread espera %d respostas ao mesmo tempo'
    line_hybrid = '%d em andamento, divididas entre processos'
    line_coroutines = '%d corrotinas esperam, em uma só thread'
    line_other = '%d em andamento'

    # bill
    bill_question = 'O que cada modelo paga?'
    bill_axis = '← menos é melhor, em cada coluna      cada coluna tem a sua escala, a partir de zero'
    bill_note = 'Medianas; as hastes, onde há: intervalo exato da mediana.'
    bill_time = 'tempo'; bill_time_unit = 'do início ao fim'
    bill_cpu = 'processador'; bill_cpu_unit = 'tempo por busca'
    bill_switches = 'trocas'; bill_switches_unit = 'de contexto/busca'
    bill_spawn = 'partida'; bill_spawn_unit = 'dos trabalhadores'
    bill_memory = 'memória'; bill_memory_unit = 'um trabalhador a mais'
    bill_unknown = 'não se sabe'

    # switches-and-cpu
    switch_question = 'Mais trocas de contexto custam mais processador?'
    switch_x = 'trocas de contexto por busca   (menos é melhor)'
    switch_y = 'tempo de processador por busca, µs   (menos é melhor)'
    switch_note = 'Medianas; barras nos pontos, onde há: intervalo exato da mediana. Duas coisas subirem juntas não diz que uma cause a outra.'

    # peers
    peers_question = 'Como outras ferramentas fazem o mesmo?'
    peers_axis = '← menos é melhor      segundos, do início do programa ao seu fim (logarítmica)'
    peers_no_delay = 'resposta imediata'
    peers_delay = 'resposta após %s'
    peers_note = 'Pontos: mediana; barras: o seu intervalo exato. Cada ponto pediu cada URL uma vez, segundo o servidor.'
    peers_limits = 'O que ele não diz: um só núcleo de cliente; loopback, sem perdas nem distância; só os modelos anotam e resumem cada corpo; laço fechado; servidor na mesma máquina.'

    # o que os gráficos de conjuntos de ajustes têm em comum
    time_axis = '← menos é melhor      do sinal de partida à última resposta (logarítmica)'

    # latency
    latency_question = 'Quanto se atrasa uma resposta?'
    latency_load = 'a %s do seu próprio ritmo'; latency_common = 'todos no mesmo ritmo'
    latency_p99 = '99 de cada 100 já chegaram'; latency_p50 = 'a metade já chegou'
    latency_axis = '← mais cedo é melhor      de quando a URL devia sair à sua resposta (logarítmica)'
    latency_note = 'Seu próprio ritmo: o que o modelo alcançou nas mesmas rodadas. Mesmo ritmo: 70 % do mais lento. Chegadas ao acaso, fixadas antes. Barras: intervalo exato da mediana entre rodadas.'
    latency_limits = 'O que ele não diz: um só núcleo para o cliente; interface local, sem perdas nem distância; tudo passa pela libcurl, cuja chamada bloqueante é ela mesma um laço de poll; servidor na mesma máquina.'

    # tail
    tail_question = 'Quem espera atrás de uma resposta lenta?'
    tail_fixed = 'todas iguais'; tail_lognormal = 'log-normal'; tail_pareto = 'Pareto'; tail_slow = '1 %% após %s'
    tail_static = 'distribuídas de antemão'; tail_counter = 'quem está livre pega a próxima'
    tail_axis = '← menos é melhor      do sinal de partida à última resposta (logarítmica)'
    tail_note = 'Pontos: mediana; barras: o seu intervalo exato. Distribuídas, há URLs que esperam atrás de uma lenta embora outros estejam livres.'

    # cpu-mix
    mix_question = 'E se cada resposta der trabalho?'
    mix_x = 'tempo de processador por resposta, segundo um laço   (só esperar → só calcular)'
    mix_y = 'tempo para todas as URLs   (menos é melhor, logarítmica)'
    mix_note = 'Pontos: mediana; barras: o seu intervalo exato. Só vários processos ou threads podem calcular em dois processadores ao mesmo tempo.'

    # crossover
    cross_question = 'Quem é o mais rápido, e onde?'
    cross_x = 'URLs, e quantas ao mesmo tempo'
    cross_y = 'atraso de cada resposta'
    cross_none = 'sem diferença'
    cross_cell = 'URLs: %d · por vez: %d'
    cross_note = 'Uma cor: mais rápido que todos os outros, acima do ruído; o número diz quantas vezes mais que o seguinte. Cinza: não se viu diferença.'
    cross_better = 'mais × é melhor para o modelo citado'

    # memory-per-worker
    worker_question = 'Quanta memória pede um trabalhador a mais?'
    worker_virtual = 'memória virtual'; worker_rss = 'RSS, somada'; worker_pss = 'PSS'
    worker_tables = 'tabelas de páginas'; worker_kernel = 'núcleo'
    worker_axis = '← menos é melhor      memória por busca a mais em andamento (logarítmica)'
    worker_note = 'Inclinação: mediana das rodadas e o seu intervalo exato. A RSS somada conta o que é partilhado uma vez por processo; a PSS, uma só.'

    # big-bodies, many-hosts, quota, memory-limit, far
    big_question = 'O que um corpo grande retém?'
    big_every = 'todos de 1 KiB'; big_beside = 'um em cada 150, de %s'
    big_note = 'Todos os corpos são gravados em disco. Pontos: mediana; barras: o seu intervalo exato.'
    small_question = 'Quanto demoram os corpos pequenos ao lado dos grandes?'
    small_p99 = '99 de cada 100 já terminaram'; small_p50 = 'a metade já terminou'
    small_axis = '← mais cedo é melhor      de quando uma URL pequena é tomada até o seu fim (logarítmica)'
    small_slowest = ' · a mais lenta %s'
    small_note = 'Só contam os corpos de 1 KiB; todos são gravados em disco. Laço fechado: mostra-se, não se compara. Barras: intervalo exato da mediana entre rodadas.'
    many_question = 'Quanto custam muitos servidores?'
    many_hosts = 'servidores: %s'; many_names = 'nomes: %s'; many_each = 'cada um procura: %s'
    many_connections = ' · %s con.'
    many_note = 'As mesmas URLs em tantos endereços locais, ou nomes procurados uma vez antes ou por cada um; con.: conexões abertas. Pontos: mediana; barras: o seu intervalo exato.'
    resolver_question = 'Quem cria threads para procurar nomes?'
    resolver_addresses = 'endereços'; resolver_once = 'nomes já procurados'; resolver_each = 'cada um procura'
    resolver_axis = '← menos é melhor      threads no máximo (logarítmica)'
    resolver_processes = ' em %s proc.'
    resolver_note = 'O máximo que o medidor viu numa rodada: não conta a thread que acaba entre dois olhares. Os nomes são procurados uma vez antes, ou em cada conexão.'
    quota_question = 'E se houver menos de um núcleo?'
    quota_panel = '%s de um processador'
    quota_note = 'Um grupo de controle dá ao cliente essa parte do processador em cada 100 ms. Pontos: mediana; barras: o seu intervalo exato.'
    memory_question = 'Quantas ao mesmo tempo em 128 MiB?'
    memory_panel = '%s por vez'
    memory_note = 'Inválido: o núcleo o encerrou, ou uma parte, por falta de memória. Pontos: mediana; barras: o seu intervalo exato.'
    far_question = 'E se o servidor estiver longe?'
    far_note = 'Uma rede própria com netem: ida e volta, e perdas. Pontos: mediana; barras: o seu intervalo exato.'
}
