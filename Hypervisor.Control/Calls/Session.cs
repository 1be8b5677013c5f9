using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Control.Calls;

/// <summary>What one run of the program knows about its calls.</summary>
internal static class Session
{
    /// <summary>The key.</summary>
    public static HypercallKey Key;

    /// <summary>The number of the next call.</summary>
    public static ulong Number;
}
