namespace Hypervisor.Core.Svm;

/// <summary>TLB_CONTROL (AMD APM vol 2 §15.16.1).</summary>
public enum SvmTlbControl : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Every entry of every address space.</summary>
    FlushAll = 1,
}
