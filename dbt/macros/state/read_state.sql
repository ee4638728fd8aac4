{#-
    What each model was built from is recorded in the schema `meta`, in the transaction that writes the model's rows. So the
    tables themselves say which of them are out of date, whoever built them: Dagster, plain dbt, or a process that was killed
    halfway. docs/decisions/0008-one-warehouse.md says why.

        invocation    the dbt invocation that is running, and its number
        silver_state  feed, day ('' for a snapshot), version and rows of every silver file as this invocation found it
        plan          for each model: digest of its code, and whether this invocation rebuilds it in full
        edges         for each model: the feeds it reads (through views) and the tables it reads
        models        for each model: code, version (a digest of everything that went in), invocation, rows
        absorbed      for each model, feed and day: the version of silver that its rows come from, and since which invocation
        parents       for each model and table it reads: the version it was built from
        passed        for each data test that looks only at new days: the invocation up to which all days have passed
-#}
{% macro read_state() -%}
    {#- Source freshness builds nothing. -#}
    {%- if execute and flags.WHICH != 'freshness' -%}
        {%- do create_state() -%}
        {%- do move_views() -%}
        {%- do run_query('begin') -%}
        {%- do refresh_state() -%}
        {%- do run_query('commit') -%}
    {%- endif -%}
{%- endmacro %}

{#- Creates the tables. Those of another format are dropped, and every model counts as not built. -#}
{% macro create_state() -%}
    {%- set format = '4' -%}
    {%- set found -%}
        select comment from duckdb_tables() where schema_name = 'meta' and table_name = 'invocation'
    {%- endset -%}
    {%- if (run_query(found).columns[0].values() | first) != format -%}
        {%- do run_query(
            "begin;
            drop schema if exists meta cascade;
            create schema meta;
            create table meta.invocation (id varchar, number bigint);
            create table meta.silver_state (feed varchar, day varchar, version varchar, row_count bigint);
            create table meta.plan (model varchar, code varchar, is_full boolean);
            create table meta.edges (model varchar, kind varchar, parent varchar);
            create table meta.models (model varchar, code varchar, version varchar, invocation varchar, row_count bigint);
            create table meta.absorbed (model varchar, feed varchar, day varchar, version varchar, since bigint);
            create table meta.parents (model varchar, parent varchar, version varchar);
            create table meta.passed (test varchar, code varchar, up_to bigint);
            insert into meta.invocation values (null, 0);
            comment on table meta.invocation is '" ~ format ~ "';
            commit;"
        ) -%}
    {%- endif -%}
{%- endmacro %}

{#- Looks at silver once, so that the days a model rebuilds and the versions it records are of the same moment. -#}
{% macro refresh_state() -%}
    {%- set silver = silver_folder() -%}
    {%- set files = silver | replace("'", "''") ~ '/**/part.parquet' -%}
    {%- if not (run_query("select count(*) from glob('" ~ files ~ "')").columns[0].values() | first) -%}
        {%- set advice = 'Run `sentinel init`, or materialize silver.' -%}
        {%- do exceptions.raise_compiler_error('No silver in ' ~ silver ~ '. ' ~ advice) -%}
    {%- endif -%}
    {%- set plan, edges, codes, known = [], [], {}, {} -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
        {%- set code = code_digest(node, known) -%}
        {%- do plan.append("('" ~ node.name ~ "', '" ~ code ~ "')") -%}
        {%- do codes.update({node.name: code}) -%}
        {%- set inputs = inputs_of(node) -%}
        {%- for feed in inputs['feeds'] -%}
            {%- do edges.append("('" ~ node.name ~ "', 'feed', '" ~ feed ~ "')") -%}
        {%- endfor -%}
        {%- for table in inputs['tables'] -%}
            {%- do edges.append("('" ~ node.name ~ "', 'table', '" ~ table ~ "')") -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set statements -%}
        update meta.invocation set id = '{{ invocation_id }}', number = number + 1;
        delete from meta.silver_state;
        insert into meta.silver_state
        select
            split_part(file_name[{{ silver | length + 2 }}:], '/', 1) as feed,
            body ->> 'day' as day,
            body ->> 'version' as version,
            cast(body ->> 'good' as bigint) as row_count
        from (
            select file_name, cast(decode(value) as json) as body
            from parquet_kv_metadata('{{ files }}')
            where decode(key) = 'sentinel'
        );
        delete from meta.plan;
        insert into meta.plan
        select planned.model, planned.code, {{ flags.FULL_REFRESH }} or models.code is distinct from planned.code
        from (values {{ plan | join(', ') }}) as planned (model, code)
        left join meta.models on planned.model = models.model;
        delete from meta.edges;
        insert into meta.edges values {{ edges | join(', ') }};
    {%- endset -%}
    {%- do run_query(statements) -%}
    {%- do log('sentinel plan ' ~ tojson(codes)) -%}
{%- endmacro %}

{#-
    Lets views read this silver where the home was moved or copied: they have its path baked in. All at once, so that a kill
    leaves none out. Those that this invocation builds are left to it: they may no longer fit the silver that is here.
-#}
{% macro move_views() -%}
    {%- set here = "read_parquet('" ~ silver_folder() | replace("'", "''") ~ '/' -%}
    {%- set coming = ['-'] -%}
    {%- if flags.WHICH in ('run', 'build') -%}
        {%- do coming.extend(selected_resources | map('replace', 'model.sentinel.', '')) -%}
    {%- endif -%}
    {%- set query -%}
        select schema_name || '.' || view_name as name, regexp_replace(
            sql, $$read_parquet\('([^']|'')*/data/silver/$$, $${{ here | replace('\\', '\\\\') }}$$, 'g'
        ) as moved
        from duckdb_views()
        where not internal and moved != sql and view_name not in ('{{ coming | join("', '") }}')
    {%- endset -%}
    {%- set statements = [] -%}
    {%- for name, moved in run_query(query).rows -%}
        {%- do statements.append('drop view ' ~ name ~ '; ' ~ moved) -%}
    {%- endfor -%}
    {%- if statements -%}
        {%- do run_query('begin; ' ~ statements | join(' ') ~ ' commit;') -%}
    {%- endif -%}
{%- endmacro %}

{#- What a model reads, seen through views: feeds of silver, and tables (of models, or sources that Python makes). -#}
{% macro inputs_of(node) -%}
    {%- set feeds, tables = [], [] -%}
    {%- for parent_id in node.depends_on.nodes -%}
        {%- if parent_id.startswith('source.') -%}
            {%- set source = graph.sources[parent_id] -%}
            {%- do (feeds if source.source_name == 'silver' else tables).append(source.name) -%}
        {%- elif graph.nodes[parent_id].config.materialized == 'view' -%}
            {%- set inner = inputs_of(graph.nodes[parent_id]) -%}
            {%- do feeds.extend(inner['feeds']) -%}
            {%- do tables.extend(inner['tables']) -%}
        {%- else -%}
            {%- do tables.append(graph.nodes[parent_id].name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do return({'feeds': feeds | unique | sort, 'tables': tables | unique | sort}) -%}
{%- endmacro %}
