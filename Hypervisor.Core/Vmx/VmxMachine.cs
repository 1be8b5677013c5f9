using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Vmx;

/// <summary>VMX's part of building and starting the host.</summary>
public static unsafe class VmxMachine
{
    /// <summary>Pages for the MSR bitmap, the window for microcode updates and the extended page tables.</summary>
    /// <param name="physicalAddressBits">Physical address bits of the processor.</param>
    /// <param name="regionSize">Bytes of the host's memory without these pages.</param>
    public static uint Pages(int physicalAddressBits, ulong regionSize) =>
        VmxMsrBitmap.Pages + IoPermissionMap.Pages + UpdateWindow.Pages + VmxMemory.Pages(physicalAddressBits, regionSize);

    /// <summary>Fills the vendor's part of the machine.</summary>
    /// <returns>Why it could not be done; empty when it was.</returns>
    public static ReadOnlySpan<byte> Prepare(MachineData* machine, PageArena* arena)
    {
        machine->Snapshot = &VmxGuest.Snapshot;
        machine->Hidden = VmxControls.For(VmxCapabilities.Read()).Hidden;
        machine->SupportedXcr0 = Xcr0.Supported.Value;
        machine->MsrPermissionMap = arena->Allocate(VmxMsrBitmap.Pages, PageSizes.Size4K);
        machine->IoPermissionMap = arena->Allocate(IoPermissionMap.Pages, PageSizes.Size4K);
        if (machine->IoPermissionMap == 0 || !VmxMemory.Build(machine, arena) || !machine->Update.Build(machine->HostCr3, arena))
        {
            return "the memory set aside for the host does not suffice"u8;
        }

        VmxMsrBitmap.Write(machine->MsrPermissionMap, hidesTrace: machine->Hidden.Trace != 0);
        VmxMsrBitmap.TrapInterruptCommands(machine->MsrPermissionMap, machine->ApicTrapWanted != 0);
        return default;
    }

    /// <summary>Turns the running processor into a guest.</summary>
    /// <returns>Why it could not be done: it does not return when it was.</returns>
    public static ReadOnlySpan<byte> LaunchProcessor(ProcessorData* processor, ulong rip, ulong rsp)
    {
        Cr4 cr4 = new(Instructions.ReadCr4());
        ReadOnlySpan<byte> problem = "the processor refuses VMXON"u8;
        if (VmxProcessor.Enable(processor))
        {
            processor->Startup.TakenOver = 1;
            VmxProcessor.WriteControls(processor);
            VmxProcessor.WriteHostState(processor);
            VmxProcessor.CaptureState(cr4, rip, rsp);
            VmxGuest.FlushIfNeeded(processor);
            problem = VmxProcessor.Problem(processor);
            if (problem.IsEmpty)
            {
                Instructions.VmxLaunch();
                problem = VmxInstructionErrorText.Of((VmxInstructionError)Vmcs.Read(VmcsField32.InstructionError));
            }

            Instructions.VmxOff();
        }

        Instructions.WriteCr4(cr4.Value);
        return problem;
    }
}
