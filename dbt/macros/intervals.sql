{#-
    What noise leaves open: two-sided intervals at the level of the vars interval_level and interval_z, which belong together
    (0.95 and 1.96), and whether a difference is more than noise.
-#}

{#- A bound of the share of `successes` in `trials`, 0–1 (Wilson, J. Am. Stat. Assoc. 22, 1927). `sign`: '-' or '+'. -#}
{% macro wilson(successes, trials, sign) -%}
    {%- set z, k, n = var('interval_z'), successes, trials -%}
    case
        when {{ n }} > 0
            then
                greatest(0, least(1, (
                    {{ k }} + pow({{ z }}, 2) / 2
                    {{ sign }} {{ z }} * sqrt({{ k }} * ({{ n }} - {{ k }}) / {{ n }} + pow({{ z }}, 2) / 4)
                ) / ({{ n }} + pow({{ z }}, 2))))
    end
{%- endmacro %}

{#-
    A bound of the mean of a Poisson count, in events: exact where `exact`, a row of dim_poisson_interval, has the count, else
    Byar's approximation, within 0.01 % beyond 100 events (Breslow and Day, Statistical Methods in Cancer Research II, 1987).
-#}
{% macro poisson(events, exact, bound) -%}
    {%- set z, n, sign = var('interval_z'), events, '-' -%}
    {%- if bound == 'high' -%}
        {%- set n, sign = '(' ~ events ~ ' + 1)', '+' -%}
    {%- endif -%}
    coalesce({{ exact }}.{{ bound }}, {{ n }} * pow(1 - 1 / (9.0 * {{ n }}) {{ sign }} {{ z }} / (3 * sqrt({{ n }})), 3))
{%- endmacro %}

{#-
    The quantile of Student's t that belongs to interval_z, by its expansion in 1 / degrees of freedom (Abramowitz and Stegun,
    Handbook of Mathematical Functions, 26.7.5): within 1 % from 4 degrees on.
-#}
{% macro student_t(freedom) -%}
    {%- set z, v = var('interval_z'), freedom -%}
    (
        {{ z }}
        + (pow({{ z }}, 3) + {{ z }}) / (4 * {{ v }})
        + (5 * pow({{ z }}, 5) + 16 * pow({{ z }}, 3) + 3 * {{ z }}) / (96 * pow({{ v }}, 2))
        + (3 * pow({{ z }}, 7) + 19 * pow({{ z }}, 5) + 17 * pow({{ z }}, 3) - 15 * {{ z }}) / (384 * pow({{ v }}, 3))
    )
{%- endmacro %}

{#-
    Whether the mean of paired differences is more than noise, from their mean, sample deviation and number: a paired t-test.
    With fewer than the var least_count it never is.
-#}
{% macro is_more_than_noise(mean, deviation, pairs) -%}
    coalesce(
        {{ pairs }} >= {{ var('least_count') }}
        and abs({{ mean }})
        > {{ student_t('nullif(' ~ pairs ~ ' - 1, 0)') }} * {{ deviation }} / sqrt(nullif({{ pairs }}, 0)),
        false
    )
{%- endmacro %}

{#-
    Whether a Poisson count differs by more than noise from that of an equal time before: given their sum, the one is binomial with
    an even chance (Przyborowski and Wilenski, Biometrika 31, 1940), here by its normal approximation, corrected for continuity.
    With a sum of fewer than the var least_count it never does.
-#}
{% macro is_count_more_than_noise(count, before) -%}
    coalesce(
        {{ count }} + {{ before }} >= {{ var('least_count') }}
        and abs({{ count }} - {{ before }}) - 1 > {{ var('interval_z') }} * sqrt({{ count }} + {{ before }}),
        false
    )
{%- endmacro %}

{#-
    Whether a share differs by more than noise from another: whether Newcombe's interval of their difference, made of Wilson's of
    each, leaves out zero (method 10 of Statistics in Medicine 17, 1998). `now` and `before`: successes and trials.
-#}
{% macro is_share_more_than_noise(now, before) -%}
    {%- set p = '1.0 * ' ~ now[0] ~ ' / nullif(' ~ now[1] ~ ', 0)' -%}
    {%- set q = '1.0 * ' ~ before[0] ~ ' / nullif(' ~ before[1] ~ ', 0)' -%}
    coalesce(
        {{ now[1] }} >= {{ var('least_count') }} and {{ before[1] }} >= {{ var('least_count') }}
        and case
            when {{ p }} > {{ q }}
                then {{ p }} - {{ q }} > sqrt(
                    pow({{ p }} - {{ wilson(now[0], now[1], '-') }}, 2)
                    + pow({{ wilson(before[0], before[1], '+') }} - {{ q }}, 2)
                )
            else {{ q }} - {{ p }} > sqrt(
                pow({{ wilson(now[0], now[1], '+') }} - {{ p }}, 2)
                + pow({{ q }} - {{ wilson(before[0], before[1], '-') }}, 2)
            )
        end,
        false
    )
{%- endmacro %}
