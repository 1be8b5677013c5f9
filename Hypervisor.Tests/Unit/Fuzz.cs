using System;
using System.Globalization;

namespace Hypervisor.Tests.Unit;

/// <summary>How much the random tests do: HV_FUZZ multiplies it, seeds are fixed so that a failure repeats.</summary>
internal static class Fuzz
{
    private static readonly double s_scale = ReadScale();

    /// <summary>The number of rounds for a test that does <paramref name="rounds"/> by default.</summary>
    public static int Rounds(int rounds) => (int)Math.Clamp(rounds * s_scale, 1, int.MaxValue);

    private static double ReadScale()
    {
        string? text = Environment.GetEnvironmentVariable("HV_FUZZ");
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double scale) && scale > 0 ? scale : 1;
    }
}
