using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Svm;

/// <summary>SVM's part of building and starting the host.</summary>
public static unsafe class SvmMachine
{
    /// <summary>Pages for permission maps.</summary>
    public const uint Pages = SvmPermissionMaps.MsrMapPages + (2 * SvmPermissionMaps.IoMapPages);

    /// <summary>Fills the vendor's part of the machine.</summary>
    /// <returns>Why it could not be done; empty when it was.</returns>
    public static ReadOnlySpan<byte> Prepare(MachineData* machine, PageArena* arena)
    {
        SvmCapabilities capabilities = SvmCapabilities.Read();
        machine->NestedRoot = machine->WindowRoot; // one format serves both
        machine->Nested = NestedFormat.Svm;
        machine->HasNextRip = capabilities.HasNextRip;
        machine->HasDecodeAssists = capabilities.HasDecodeAssists;
        machine->EferAllowed = capabilities.EferAllowed;
        machine->Snapshot = &SvmGuest.Snapshot;
        machine->MsrPermissionMap = arena->Allocate(SvmPermissionMaps.MsrMapPages, PageSizes.Size4K);
        machine->IoPermissionMap = arena->Allocate(SvmPermissionMaps.IoMapPages, PageSizes.Size4K);
        machine->OpenIoPermissionMap = arena->Allocate(SvmPermissionMaps.IoMapPages, PageSizes.Size4K);
        if (arena->Exhausted)
        {
            return "the memory set aside for the host does not suffice"u8;
        }

        SvmPermissionMaps.WriteMsrMap(machine->MsrPermissionMap);
        SvmPermissionMaps.WriteIoMap(machine->IoPermissionMap, machine);
        return default;
    }

    /// <summary>Turns the running processor into a guest; does not return.</summary>
    public static ReadOnlySpan<byte> LaunchProcessor(ProcessorData* processor, ulong rip, ulong rsp)
    {
        processor->Machine->HasRedirectInit = SvmProcessor.ProbeRedirectInit();
        Efer efer = new(Instructions.ReadMsr(Msr.Efer));
        SvmProcessor.Enable(processor);
        processor->Startup.TakenOver = 1;
        SvmProcessor.WriteControls(processor);
        SvmProcessor.CaptureState(processor, efer);
        Instructions.SvmLaunch(processor, (void*)processor->GuestControl, rip, rsp);
        return default;
    }
}
