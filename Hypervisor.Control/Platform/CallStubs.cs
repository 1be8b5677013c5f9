using System.Runtime;
using System.Runtime.CompilerServices;
using Hypervisor.Control.Calls;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Control.Platform;

/// <summary>The machine code of hvctl, written with Iced (Hypervisor.Tool/Stubs/ControlStubs).</summary>
internal static unsafe class CallStubs
{
    /// <summary>Place of the firmware's handler for undefined instructions in what <see cref="Addresses"/> stores.</summary>
    public const int UndefinedHandler = 0;

    /// <summary>Place of the handler of SIGILL.</summary>
    public const int SignalHandler = 1;

    /// <summary>Place of the code that returns from a signal handler.</summary>
    public const int SignalReturn = 2;

    /// <summary>Number of addresses.</summary>
    public const int AddressCount = 3;

    /// <summary>Stores the addresses of handlers.</summary>
    [RuntimeImport("*", "hvctl_Addresses")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern void Addresses(ulong* addresses);

    /// <summary>The call under a descriptor table in which an undefined instruction has our handler; 0 when the handler was called.</summary>
    [RuntimeImport("*", "hvctl_CallFirmware")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern uint CallFirmware(CallRegisters* registers, uint vmcall, DescriptorTableRegister* own, DescriptorTableRegister* firmware);

    /// <summary>The call in a process that handles SIGILL; 0 when it was raised.</summary>
    [RuntimeImport("*", "hvctl_CallLinux")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern uint CallLinux(CallRegisters* registers, uint vmcall);
}
