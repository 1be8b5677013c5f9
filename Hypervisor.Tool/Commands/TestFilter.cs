using System.Collections.Generic;

namespace Hypervisor.Tool.Commands;

/// <summary>Writes the expression that selects tests.</summary>
public static class TestFilter
{
    /// <summary>The expression, or nothing for all tests.</summary>
    public static string Build(bool fast, bool slow, string? additional)
    {
        List<string> terms = [];
        if (fast)
        {
            terms.Add("Category!=Emulator");
        }

        if (!slow)
        {
            terms.Add("Category!=Slow");
        }

        if (!string.IsNullOrWhiteSpace(additional))
        {
            terms.Add($"({additional})");
        }

        return string.Join('&', terms);
    }
}
