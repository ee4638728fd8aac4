{#-
    Digest of everything in the project that decides a node's rows: its SQL, the views it reads, the macros of the project
    that these call, the vars that any of them names, and its materialization and columns from yml. It is read from the text
    alone: dbt adds to `depends_on.macros` while it compiles, so that would give one digest before and another one after.
    `known` keeps the digests of views, which are asked for by each model that reads them.
-#}
{% macro code_digest(node, known={}) -%}
    {%- if node.unique_id in known -%}
        {%- do return(known[node.unique_id]) -%}
    {%- endif -%}
    {%- set config = node.config -%}
    {%- set texts = [node.raw_code, config.materialized, config.get('unique_key') | string, config.meta | string] -%}
    {%- if config.materialized == 'incremental' -%}
        {%- do texts.append('get_incremental_' ~ config.get('incremental_strategy') ~ '_sql(') -%}
    {%- endif -%}
    {%- if node.test_metadata is defined and node.test_metadata -%}
        {%- do texts.append(node.test_metadata.kwargs | string) -%}
        {%- do texts.append('test_' ~ node.test_metadata.name ~ '(') -%}
    {%- endif -%}
    {%- if config.get('contract') and config.contract.enforced -%}
        {%- for column in node.columns.values() -%}
            {%- do texts.append(column.name ~ ' ' ~ column.data_type) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set found = {} -%}
    {%- do project_macros(texts | join('\n'), found) -%}
    {%- for name in found | sort -%}
        {%- do texts.append(found[name]) -%}
    {%- endfor -%}
    {%- set vars = modules.re.findall("\\bvar\\('(\w+)'", texts | join('\n')) -%}
    {%- for name in vars | unique | sort if name not in ['home', 'as_of'] -%}
        {%- do texts.append(name ~ '=' ~ var(name, '')) -%}
    {%- endfor -%}
    {%- if 'as_of_setting' in found -%}
        {%- do texts.append('as_of=' ~ as_of_setting()) -%}
    {%- endif -%}
    {%- if node.resource_type == 'model' -%}
        {%- for parent_id in node.depends_on.nodes | sort if parent_id.startswith('model.') -%}
            {%- set parent = graph.nodes[parent_id] -%}
            {%- do texts.append(code_digest(parent, known) if parent.config.materialized == 'view' else parent.name) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do known.update({node.unique_id: local_md5(texts | join('\n'))}) -%}
    {%- do return(known[node.unique_id]) -%}
{%- endmacro %}

{#- Adds to `found` the text of every macro of this project that `text` calls, and of those that they call. -#}
{% macro project_macros(text, found) -%}
    {%- for name in modules.re.findall('\\b([a-z]\\w*)\\s*\\(', text) | unique -%}
        {%- set called = context.get(name) -%}
        {%- if name not in found and called.macro is defined and called.macro.package_name == project_name -%}
            {%- do found.update({name: called.macro.macro_sql}) -%}
            {%- do project_macros(called.macro.macro_sql, found) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
