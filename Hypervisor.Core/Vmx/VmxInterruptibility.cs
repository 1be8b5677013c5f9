using System;

namespace Hypervisor.Core.Vmx;

/// <summary>Guest interruptibility state.</summary>
/// <remarks>Intel SDM vol 3 §24.4.2, table 24-3.</remarks>
[Flags]
public enum VmxInterruptibility : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The instruction behind STI.</summary>
    BlockingBySti = 1u << 0,

    /// <summary>The instruction behind MOV SS or POP SS.</summary>
    BlockingByMovSs = 1u << 1,

    /// <summary>In system management mode.</summary>
    BlockingBySmi = 1u << 2,

    /// <summary>Until IRET.</summary>
    BlockingByNmi = 1u << 3,

    /// <summary>The exit interrupted an enclave.</summary>
    EnclaveInterruption = 1u << 4,
}
