using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Decoding;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Svm;

/// <summary>Nested page faults (AMD APM vol 2 §15.25.6): writes to the local APIC page while it is trapped, and writes to the host's memory.</summary>
internal static unsafe class SvmPageFaults
{
    private const ulong PageMask = PageSizes.Size4K - 1;
    private const uint ReportedWrites = 8;

    internal static ExitCause Handle(ProcessorData* processor, Vmcb* vmcb)
    {
        ulong address = vmcb->ExitInfo2;
        MachineData* machine = processor->Machine;
        bool isHost = address - machine->RegionBase < machine->RegionSize;
        if (processor->Step.Active && !isHost)
        {
            SvmStep.Shut(processor, vmcb);
        }

        if ((address & ~PageMask) == processor->ApicWindow.Page && processor->ApicWindow.Entry != 0)
        {
            WriteLocalApic(processor, vmcb, (uint)(address & PageMask));
            return ExitCause.LocalApic;
        }

        if (isHost)
        {
            if (processor->Exits.Read(ExitCause.ProtectedMemory) < ReportedWrites)
            {
                Log.Begin(LogLevel.Warning, processor->Index).Text("write to the memory of hv at "u8).Hex(address)
                    .Text(" from "u8).Hex(vmcb->Rip).Text(" dropped"u8).End();
            }

            if (!SvmStep.OpenProtectedPage(processor, vmcb, address & ~PageMask))
            {
                SvmGuest.RaiseGeneralProtection(vmcb);
            }

            return ExitCause.ProtectedMemory;
        }

        if (processor->Exits.Read(ExitCause.UnexpectedMemory) == 0)
        {
            Log.Begin(LogLevel.Error, processor->Index).Text("no memory is mapped for the guest at "u8).Hex(address)
                .Text(", error code "u8).Hex(vmcb->ExitInfo1).Text(": #GP"u8).End();
        }

        SvmGuest.RaiseGeneralProtection(vmcb);
        return ExitCause.UnexpectedMemory;
    }

    private static void WriteLocalApic(ProcessorData* processor, Vmcb* vmcb, uint offset)
    {
        if (ApicTrap.ShouldDrop(processor))
        {
            ApicTrap.Set(processor, armed: false);
            return; // the instruction is executed again, and passes
        }

        ulong* registers = (ulong*)&processor->Registers;
        if (SvmGuest.IsPlain64Bit(vmcb) && (vmcb->Rip & PageMask) <= PageSizes.Size4K - PlainStore.MaximumLength)
        {
            PlainStore store = PlainStore.Decode(InstructionFetch.Executed(processor->Machine->Window, vmcb->Cr3, vmcb->Rip));
            if (store.Length != 0)
            {
                Write(processor, offset, store.Register < 0 ? store.Immediate : (uint)registers[store.Register]);
                SvmGuest.Advance(vmcb, (uint)store.Length);
                return;
            }
        }

        CodeBytes code;
        int count = SvmGuest.ReadCode(processor, vmcb, code.Bytes);
        bool plain = MemoryInstruction.TryDecode(new ReadOnlySpan<byte>(code.Bytes, count), SvmGuest.Width(vmcb), out MemoryInstruction instruction)
            && instruction.Operation == MemoryOperation.Move && instruction.IsWrite && instruction.MemorySize == sizeof(uint);
        if (!plain)
        {
            WriteLocalApicUnusually(processor, vmcb, offset);
            return;
        }

        Write(processor, offset, instruction.Other == OtherOperand.Register ? (uint)registers[instruction.Register] : (uint)instruction.Immediate);
        SvmGuest.Advance(vmcb, (uint)instruction.Length);
    }

    private static void Write(ProcessorData* processor, uint offset, uint value)
    {
        ulong page = processor->ApicWindow.Page;
        switch (offset)
        {
            case LocalApic.InterruptCommandLow:
                uint high = Instructions.ReadMmio32(page + LocalApic.InterruptCommandHigh);
                if (!ProcessorStartup.Send(processor, InterruptCommand.FromXApic(value, high)))
                {
                    return;
                }

                break;
            case LocalApic.LogicalDestinationRegister:
                processor->ApicWindow.LogicalDestination = value;
                break;
            case LocalApic.DestinationFormatRegister:
                processor->ApicWindow.DestinationFormat = value;
                break;
        }

        Instructions.WriteMmio32(page + offset, value);
    }

    /// <summary>
    /// Not a 32-bit MOV. Architecturally only aligned 32-bit accesses are defined (AMD APM vol 2 §16.3.2); read-modify-write forms exist all the same. The guest
    /// executes them itself, unless they could send a command: then the write is dropped.
    /// </summary>
    private static void WriteLocalApicUnusually(ProcessorData* processor, Vmcb* vmcb, uint offset)
    {
        const uint commandReach = 64; // the widest store begins this far before the register
        if (offset + commandReach > LocalApic.InterruptCommandLow && offset < LocalApic.InterruptCommandLow + sizeof(uint))
        {
            Log.Begin(LogLevel.Warning, processor->Index).Text("unusual write to the interrupt command register from "u8).Hex(vmcb->Rip)
                .Text(" dropped"u8).End();
            SvmGuest.Advance(vmcb, SvmGuest.MeasureInstruction(processor, vmcb));
            return;
        }

        SvmStep.OpenApicPage(processor, vmcb);
    }
}
