-- How unusual `x` is among earlier values with this median and MAD (median absolute deviation from the median): the modified z-score of
-- Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993), who mark scores beyond 3.5. 0.6745 is the MAD of a normal distribution with
-- deviation 1, so that the score reads like a z-score.
--
-- The MAD is 0 where more than half of the values are the same, however far the others are ("implosion": Rousseeuw and Croux, Alternatives to
-- the Median Absolute Deviation, 1993). So it counts as no less than 2 percent of the median, and as no less than `least`, in units of x:
-- otherwise any change in a series that never varies would be unusual. (Others do this too: `min_mad` of robust_zscore in Bioconductor's cmapR.)
create or replace macro modified_z(x, middle, deviation, least) as
    0.6745 * (x - middle) / greatest(deviation, 0.02 * abs(middle), least);
