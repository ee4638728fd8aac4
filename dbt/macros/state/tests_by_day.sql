{#-
    What a data test looks at: its `where`, and, on a view whose meta says `tested_by_day`, only the days that have not passed
    this test yet. Otherwise each new day would read years of days again that have not changed.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set conditions = [config.get('where')] if config.get('where') else [] -%}
    {%- set tested = graph.nodes.get(model.attached_node) if execute else none -%}
    {%- if tested and tested.config.meta.get('tested_by_day') -%}
        {%- do conditions.append(in_untested_days(tested.name)) -%}
    {%- endif -%}
    {%- if conditions -%}
        (select * from {{ relation }} where {{ conditions | join(' and ') }}) as tested_rows
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{% macro in_untested_days(tested) -%}
    {%- set query -%}
        with passed as (
            select coalesce(max(up_to), -1) as up_to
            from meta.passed
            where test = '{{ model.name }}' and code = '{{ code_digest(model) }}'
        )
        select
            day,
            (select count(*) from meta.absorbed where model = '{{ tested }}' and since <= passed.up_to) as passed_days
        from meta.absorbed cross join passed
        where model = '{{ tested }}' and since > passed.up_to
        order by day
    {%- endset -%}
    {%- set untested = run_query(query) -%}
    {%- if untested.rows and untested.rows[0][1] == 0 -%}
        true
    {%- else -%}
        {%- set literals = day_literals(untested.columns[0].values()) -%}
        {{ 'day in (' ~ literals ~ ')' if literals else 'false' }}
    {%- endif -%}
{%- endmacro %}

{#- Records which of these tests passed, at the end of every invocation. The next one looks only at later days. -#}
{% macro record_passes(results) -%}
    {%- if execute -%}
        {%- set passed = [] -%}
        {%- for result in results if result.node.resource_type == 'test' and result.status == 'pass' -%}
            {%- set tested = graph.nodes.get(result.node.attached_node) -%}
            {%- if tested and tested.config.meta.get('tested_by_day') -%}
                {%- set digest = code_digest(graph.nodes[result.node.unique_id]) -%}
                {%- do passed.append("('" ~ result.node.name ~ "', '" ~ digest ~ "')") -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if passed -%}
            {%- set statements -%}
                begin;
                create or replace temp table just_passed as
                select test, code, number
                from (values {{ passed | join(', ') }}) as found (test, code) cross join meta.invocation;
                delete from meta.passed where test in (select test from just_passed);
                insert into meta.passed select * from just_passed;
                commit;
            {%- endset -%}
            {%- do run_query(statements) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
